"""A worker of an engine: runs tasks, keeping the network and the last film open in between."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vsr.batch.engine import DeviceClass, OpenWorker
from vsr.jobs.result import Result
from vsr.jobs.workers.film_spec import FilmSpec
from vsr.specs import UpscaleSpec

if TYPE_CHECKING:
    from vsr.frames import HostFrame
    from vsr.jobs.upscale.upscale_plan import Job
    from vsr.media.resume.segments import Segment

TELL_SECONDS = 0.2
"""How often a worker reports its progress."""


Tell = Callable[[Any], None]
"""Takes what a running task has to say: how many frames it has done, or a note."""


class FilmTask(Protocol):
    """What a worker runs: the tasks of `vsr.jobs.workers.tasks`."""

    def run(self, worker: FilmWorker, tell: Tell) -> Any:
        """Do it with what the worker keeps open, and return its result."""
        ...


class FilmWorker:
    """Runs tasks about films. Open it with `open_worker`."""

    def __init__(self, device: str, precision: str) -> None:
        from vsr.jobs.upscale.segment_worker import SegmentWorker

        self._segments = SegmentWorker()
        self._device, self._precision = device, precision
        self._last: tuple[FilmSpec, Job] | None = None

    def do(self, task: FilmTask, tell: Tell) -> Any:
        """Run a task."""
        return task.run(self, tell)

    def describe(self) -> DeviceClass:
        """Return what it computes on."""
        from vsr.device.select import select

        device = select(self._device, self._precision)  # type: ignore[arg-type]  # from a spec
        versions = " ".join(f"{name} {version(name)}" for name in ("vsr-cli", "torch", "av"))
        kind = f"{device.hardware} {device.precision}"
        return DeviceClass(device=kind, versions=versions, host=socket.gethostname())

    def close(self) -> None:
        """Close the engine."""
        self._segments.close()

    def job(self, film: FilmSpec) -> Job:
        """Return everything that can be decided about a film; the last one is cached."""
        from vsr.jobs.upscale.plan import prepare

        if self._last is None or self._last[0] != film:
            job = prepare(film.source, film.target, film.spec, self._segments.load)
            self._last = (film, job)
        return self._last[1]

    def checked_job(self, film: FilmSpec) -> Job:
        """Return the same, after checking that the target can be written.

        Raises:
            Refused: whatever would fail later.
        """
        from vsr.media.writing.target import check_target

        check_target(film.source, film.target, film.spec.existing, film.spec.container)
        self._last = None  # the file may have changed since then
        return self.job(film)

    def do_segment(self, job: Job, segment: Segment, path: Path, tell: Tell) -> None:
        """Do one segment."""
        told = _seldom(tell)
        count = 0

        def written(frame: HostFrame, size_bytes: int) -> None:
            nonlocal count
            del frame, size_bytes
            count += 1
            told(count)

        self._segments.do(job, segment, path, written, tell)

    def upscale(self, film: FilmSpec, tell: Tell) -> Result:
        """Do a whole clip."""
        from vsr.jobs.upscale.upscale import upscale

        told = _seldom(tell)
        return upscale(
            film.source,
            film.target,
            film.spec,
            observe=lambda progress: told(progress.frames),
            note=tell,
            worker=self._segments,
        )


def opener(spec: UpscaleSpec) -> OpenWorker:
    """Return what opens a worker for this spec, in any process."""
    return partial(open_worker, spec.device, spec.precision, spec.threads)


def open_worker(device: str, precision: str, threads: int | None) -> FilmWorker:
    """Open a worker in this process.

    Args:
        threads: CPU threads; None leaves the process as it is.
    """
    if threads is not None:
        from vsr.jobs.process_setup import settle

        settle()
        import torch

        torch.set_num_threads(threads)
    return FilmWorker(device, precision)


def _seldom(tell: Tell, clock: Callable[[], float] = time.monotonic) -> Callable[[int], None]:
    """Return ``tell`` limited to five counts a second."""
    told_at = clock() - TELL_SECONDS

    def told(count: int) -> None:
        nonlocal told_at
        if clock() - told_at >= TELL_SECONDS:
            told_at = clock()
            tell(count)

    return told
