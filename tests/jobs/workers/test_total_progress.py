"""The progress over all films, and their rate."""

from pathlib import Path

from vsr.jobs.progress import Progress
from vsr.jobs.workers.headway import TaskProgress
from vsr.jobs.workers.shared_film import Crew, FilmInWork
from vsr.jobs.workers.tasks import ReadHeader
from vsr.jobs.workers.total_progress import TotalProgress
from vsr.jobs.workers.worker import FilmSpec
from vsr.specs import UpscaleSpec
from vsr.values import OutputSize


def test_frames_that_are_told_of_first_have_no_rate_yet():
    seen: list[Progress] = []
    progress = TotalProgress(seen.append)
    spec = UpscaleSpec(size=OutputSize(scale=2), steps=("upscale",))
    wanted = FilmSpec(source=Path("a.mkv"), target=Path("b.mkv"), spec=spec)
    film = FilmInWork(wanted, Crew(is_shared=True), on_progress=progress.report)
    progress.add(film)
    film.frames = 9
    film.headway.record(ReadHeader(film.film), TaskProgress(3))
    assert [(one.frames, one.total_frames, one.fps, one.speed) for one in seen] == [(3, 9, 0, 0)]
    assert seen[0].elapsed_seconds == 0
