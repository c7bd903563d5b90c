"""A film shared by several workers: their report and result are those of one worker."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import Subtitle, write_clip
from tests.cues import spoil_cue
from vsr.batch.engine import Ended, open_inline
from vsr.batch.scheduler import Scheduler
from vsr.errors import Failed, NoSpace, OutputBusy
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.shared_film import Crew, FilmInWork
from vsr.jobs.workers.tasks import UpscaleSegment
from vsr.jobs.workers.upscale import upscale
from vsr.jobs.workers.worker import FilmSpec, opener
from vsr.media.resume.work import Work
from vsr.specs import EncodeSpec
from vsr.values import OutputSize

SPEC = replace(
    spec_of_preset("1080p", OutputSize(scale=2)),
    model="bicubic",
    encode=EncodeSpec(encoder_preset="ultrafast"),
    segment_frames=12,
    threads=1,
)


def test_damage_to_the_other_streams_is_told_as_of_one_worker(tmp_path: Path):
    source = write_clip(tmp_path / "in.mkv", frames=36, gop=12, subtitles=[Subtitle()])
    spoil_cue(source)
    film = FilmInWork(
        FilmSpec(source=source, target=tmp_path / "shared.mp4", spec=SPEC), Crew(is_shared=True)
    )
    with open_inline(opener(SPEC)) as engine:
        list(Scheduler(engine).run([film]))
    alone = upscale(source, tmp_path / "alone.mp4", SPEC)
    assert film.outcome().losses == alone.losses == ("1 packet of audio or subtitles",)


class TwoAtOnce:
    """Two workers in turn; the first segment fails while the second is still being written."""

    size = 2

    def __init__(self, engine) -> None:
        self._engine, self._held = engine, []

    @property
    def free(self) -> int:
        return self.size - len(self._held)

    def start(self, ticket, task) -> None:
        self._held.append((ticket, task))

    def wait(self, on_report):
        ticket, task = self._held.pop(0)
        if isinstance(task, UpscaleSegment) and task.segment.index == 0:
            return [Ended(ticket=ticket, error=Failed("the first segment cannot be done"))]
        self._engine.start(ticket, task)
        return self._engine.wait(on_report)


def test_a_file_that_could_not_be_joined_leaves_the_disk_as_it_was(tmp_path: Path, monkeypatch):
    def fill(job: object, segments: object, joined: Path) -> None:
        joined.write_bytes(b"half of it")
        raise NoSpace(f"{joined}: the disk is full.")

    monkeypatch.setattr("vsr.jobs.upscale.segment_worker.join_segments", fill)
    source, target = write_clip(tmp_path / "in.mkv", frames=3), tmp_path / "out.mkv"
    with pytest.raises(NoSpace):
        upscale(source, target, SPEC)
    kept = {path.name for path in (tmp_path / ".out.mkv.vsr").iterdir()}
    assert {"000000.nut", "job.json"} <= kept
    assert "joined.mkv" not in kept


def test_a_film_that_failed_is_kept_locked_while_a_worker_writes_it(tmp_path: Path):
    source = write_clip(tmp_path / "in.mkv", frames=36, gop=12)
    film = FilmInWork(
        FilmSpec(source=source, target=tmp_path / "out.mp4", spec=SPEC), Crew(is_shared=True)
    )
    with open_inline(opener(SPEC)) as engine:
        two = TwoAtOnce(engine)
        (over,) = Scheduler(two).run([film])
    assert two.free == 2
    with pytest.raises(OutputBusy):
        Work.begin(tmp_path / "out.mp4", {}, lambda: ())
    over.release()
    assert upscale(source, tmp_path / "out.mp4", SPEC).frames_out == 36


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own, of sockets and futures
def test_workers_of_a_cluster_get_weights_that_their_machine_lacks(tmp_path: Path, monkeypatch):
    import torch

    from vsr.batch.engine import EngineSpec
    from vsr.batch.ray import open_ray
    from vsr.models.plain import Plain

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    source = write_clip(tmp_path / "in.mkv", frames=24, gop=12)
    weights = tmp_path / "mine.pth"
    torch.save(Plain(2, 4, 1).state_dict(), weights)
    spec = replace(SPEC, model=str(weights))
    upscale(source, tmp_path / "alone.mkv", spec)
    open_worker = opener(spec, is_remote=True)
    weights.unlink()
    film = FilmInWork(
        FilmSpec(source=source, target=tmp_path / "shared.mkv", spec=spec), Crew(is_shared=True)
    )
    with open_ray(open_worker, EngineSpec(name="ray", workers=2), has_gpus=False) as engine:
        list(Scheduler(engine).run([film]))
    assert film.outcome().frames_out == 24
    assert (tmp_path / "shared.mkv").read_bytes() == (tmp_path / "alone.mkv").read_bytes()
