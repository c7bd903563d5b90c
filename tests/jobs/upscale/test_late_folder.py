"""A shared folder with delays: what one machine has written, another sees only after a while."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tests.clips import Audio, indices_in, write_clip
from vsr.batch.engine import InlineEngine, open_inline
from vsr.batch.scheduler import Scheduler
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.shared_film import Crew, FilmInWork
from vsr.jobs.workers.tasks import JoinSegments, UpscaleSegment
from vsr.jobs.workers.worker import FilmSpec, opener
from vsr.specs import EncodeSpec
from vsr.values import OutputSize

LATE_SECONDS = 0.15


class LateEngine:
    """An engine on the other side of a slow shared folder.

    What its worker has written is missing when the driver hears of it, then half there, then whole;
    a new folder of the driver's does not exist yet when the worker gets its first task.
    """

    size = 2  # the film is shared out

    def __init__(self, engine: InlineEngine) -> None:
        self._engine = engine
        self._folders: set[Path] = set()
        self.hidden: list[str] = []

    @property
    def free(self) -> int:
        return self._engine.free

    def start(self, ticket, task) -> None:
        if isinstance(task, UpscaleSegment) and task.path.parent not in self._folders:
            self._folders.add(task.path.parent)
            self._hide([task.path.parent])
        self._engine.start(ticket, task)
        self._task = task

    def wait(self, told):
        ended = self._engine.wait(told)
        if isinstance(self._task, UpscaleSegment):
            self._hide([self._task.path, self._task.path.with_suffix(".json")])
        if isinstance(self._task, JoinSegments):
            self._hide([self._task.joined])
        return ended

    def _hide(self, paths: Iterable[Path]) -> None:
        for path in paths:
            away = path.with_name(f".late-{path.name}")
            path.rename(away)
            self.hidden.append(path.name)
            threading.Timer(LATE_SECONDS, _show, (away, path)).start()


def _show(away: Path, path: Path) -> None:
    """Show half of a file, then all of it; a folder at once."""
    if away.is_file() and path.suffix != ".json":
        data = away.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        threading.Timer(LATE_SECONDS, away.replace, (path,)).start()
    else:
        away.rename(path)


def upscaled(source: Path, target: Path, *, is_late: bool) -> list[str]:
    """Upscale in parts; return the names of what was late."""
    spec = replace(
        spec_of_preset("1080p", OutputSize(scale=2)),
        model="bicubic",
        encode=EncodeSpec(encoder_preset="ultrafast"),
        segment_frames=12,
        threads=1,
    )
    film = FilmInWork(FilmSpec(source=source, target=target, spec=spec), Crew(is_shared=True))
    with open_inline(opener(spec)) as inline:
        engine = LateEngine(inline) if is_late else inline
        for _ in Scheduler(engine).run([film]):
            assert film.outcome().frames_out == 36
    return engine.hidden if isinstance(engine, LateEngine) else []


def test_a_film_is_whole_and_the_same_where_every_file_is_late(tmp_path: Path):
    source = write_clip(tmp_path / "in.mkv", frames=36, gop=12, audio=[Audio()])
    assert upscaled(source, tmp_path / "whole.mkv", is_late=False) == []
    hidden = upscaled(source, tmp_path / "late.mkv", is_late=True)
    segments = {f"00000{index}{suffix}" for index in range(3) for suffix in (".nut", ".json")}
    assert set(hidden) == {".late.mkv.vsr", "joined.mkv", *segments}
    assert (tmp_path / "late.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()
    assert indices_in(tmp_path / "late.mkv") == list(range(36))
    assert {path.name for path in tmp_path.iterdir()} == {"in.mkv", "whole.mkv", "late.mkv"}
