"""A worker of a pool: runs tasks, keeping the network and the last film open in between."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vsr.batch.engine import DeviceClass, OpenWorker
from vsr.jobs.progress import Phase, Result
from vsr.jobs.workers.headway import TaskProgress
from vsr.specs import UpscaleSpec

if TYPE_CHECKING:
    from vsr.frames import HostFrame
    from vsr.jobs.upscale.job import Job
    from vsr.jobs.upscale.picture_plan import PictureJob
    from vsr.jobs.watchdog import Watchdog
    from vsr.media.resume.segments import Segment
    from vsr.models.sent_model import SentModel

REPORT_SECONDS = 0.2
"""How often a worker in another process reports its progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSpec:
    """A film or an image to upscale, as the tasks name it."""

    source: Path
    target: Path
    spec: UpscaleSpec

    @property
    def is_uncut(self) -> bool:
        """Whether it cannot be done in segments: an image, or what goes into a pipe."""
        from vsr.jobs.upscale.source_film import makes_picture
        from vsr.jobs.upscale.spool import PIPE

        return self.target == PIPE or makes_picture(self.source, self.target)


Report = Callable[[TaskProgress | Phase | str], None]
"""Takes what a running task has to say: how far it is, what it is doing now, or a note."""


class FilmTask(Protocol):
    """What a worker runs: the tasks of `vsr.jobs.workers.tasks`."""

    def run(self, worker: FilmWorker, report: Report) -> Any:
        """Do it with what the worker keeps open, and return its result."""
        ...


class FilmWorker:
    """Runs tasks about films. Open it with `open_worker`.

    Args:
        report_seconds: how long it waits between two reports of its progress.
        watchdog: ends the process if a task makes no progress; none in a library's.
        sent: the network, if it came from another machine.
    """

    def __init__(
        self,
        device: str,
        precision: str,
        *,
        report_seconds: float = REPORT_SECONDS,
        watchdog: Watchdog | None = None,
        sent: SentModel | None = None,
    ) -> None:
        from vsr.jobs.upscale.segment_worker import SegmentWorker

        self._watchdog = watchdog
        self._segments = SegmentWorker(watchdog.step if watchdog else lambda: None)
        self._device, self._precision = device, precision
        self._report_seconds = report_seconds
        self._last: tuple[FilmSpec, Job | PictureJob] | None = None
        self._here = {sent.model: sent.arrive()} if sent is not None else {}

    def do(self, task: FilmTask, report: Report) -> Any:
        """Run a task."""
        return task.run(self, report)

    def describe(self) -> DeviceClass:
        """Return what it computes on."""
        from vsr.device.select import select
        from vsr.version import revision

        device = select(self._device, self._precision)  # type: ignore[arg-type]  # from a spec
        versions = f"vsr-cli {revision()} torch {version('torch')} av {version('av')}"
        kind = f"{device.hardware} {device.precision}"
        return DeviceClass(device=kind, versions=versions, host=socket.gethostname())

    def close(self) -> None:
        """Close the engine."""
        self._segments.close()

    def planned(self, film: FilmSpec) -> Job | PictureJob:
        """Return everything that can be decided about a film; the last one is cached."""
        from vsr.jobs.upscale.plan import plan

        if self._last is None or self._last[0] != film:
            spec = replace(film.spec, model=self._here.get(film.spec.model, film.spec.model))
            with self.watched_load(f"{film.source}: its plan"):
                self._last = (film, plan(film.source, film.target, spec, self._segments.load))
        return self._last[1]

    def as_sent(self, spec: UpscaleSpec) -> UpscaleSpec:
        """Return a spec with its network named as where it came from: other workers have it too."""
        there = {here: model for model, here in self._here.items()}
        return replace(spec, model=there.get(spec.model, spec.model))

    def job(self, film: FilmSpec) -> Job:
        """Return what is decided about a film that is not an image."""
        from vsr.jobs.upscale.job import Job

        job = self.planned(film)
        assert isinstance(job, Job)
        return job

    def checked(self, film: FilmSpec) -> Job | PictureJob:
        """Plan a film afresh, and check that its target can be written.

        Raises:
            Refused: whatever would fail later.
        """
        from vsr.jobs.upscale.beforehand import is_kept

        is_kept(film.source, film.target, film.spec)
        self._last = None  # the file may have changed since then
        return self.planned(film)

    def watched(
        self, what: str, expected_seconds: float = 0.0, file: Path | None = None
    ) -> AbstractContextManager[None]:
        """Watch a task while the ``with`` lasts.

        Args:
            what: is done.
            expected_seconds: of one step.
            file: grows, or changes, meanwhile.
        """
        if self._watchdog is None:
            return nullcontext()

        def facts() -> object:
            with suppress(OSError):
                return file and (file.stat().st_size, file.stat().st_mtime_ns)
            return None

        return self._watchdog.watching(what, expected_seconds, facts)

    def watched_load(self, what: str) -> AbstractContextManager[None]:
        """Watch what counts no steps: it is stuck once it neither computes, nor reads or writes."""
        from vsr.jobs.watchdog import RESUME, process_load

        return (
            nullcontext()
            if self._watchdog is None
            else self._watchdog.watching(what, sample=process_load, advice=RESUME)
        )

    def watched_pipe(
        self, job: Job, is_waiting: Callable[[], bool]
    ) -> AbstractContextManager[None]:
        """Watch a film on its way into a pipe.

        Args:
            is_waiting: for the reader of the pipe, which may take its time.
        """
        from vsr.jobs.upscale.segment_plan import frame_seconds
        from vsr.jobs.watchdog import process_load

        if self._watchdog is None:
            return nullcontext()
        return self._watchdog.watching(
            f"{job.source.path}: its upscale into the pipe",
            frame_seconds(job),
            sample=lambda: object() if is_waiting() else process_load(),
            advice="Into a file, it would be resumed.",
        )

    def do_segment(self, job: Job, segment: Segment, path: Path, report: Report) -> None:
        """Do one segment, and remember its pace."""
        from vsr.jobs.estimate.estimate import remember_run
        from vsr.jobs.upscale.segment_plan import frame_seconds

        started = time.monotonic()
        seldom = _seldom(report, self._report_seconds)
        count = 0

        def written(frame: HostFrame, size_bytes: int) -> None:
            nonlocal count
            del frame
            count += 1
            seldom(TaskProgress(count, size_bytes))

        with self.watched(f"{job.source.path}: segment {segment.index + 1}", frame_seconds(job)):
            stats = self._segments.do(job, segment, path, written, report)
        remember_run(job, stats, time.monotonic() - started)

    def do_whole(self, film: FilmSpec, report: Report) -> Result:
        """Do what cannot be cut: an image, or a film that goes into a pipe."""
        from vsr.jobs.upscale.picture import upscale_picture
        from vsr.jobs.upscale.picture_plan import PictureJob
        from vsr.jobs.upscale.plan import announce
        from vsr.jobs.upscale.standard_streams import upscale_into_pipe

        job = self.checked(film)
        announce(job, report)
        self._last = None  # an image would stay in memory
        if isinstance(job, PictureJob):
            with self.watched(f"{job.source}: its upscale"):
                return upscale_picture(job, self._segments, report)
        seldom = _seldom(report, self._report_seconds)
        count, total = 0, job.frames_expected or 0

        def sent(frame: HostFrame) -> None:
            nonlocal count
            del frame
            count += 1
            seldom(TaskProgress(count, total_frames=total))

        watched = partial(self.watched_pipe, job)
        return upscale_into_pipe(job, self._segments, sent, report, watched)


def opener(
    spec: UpscaleSpec, watchdog: Watchdog | None = None, *, is_remote: bool = False
) -> OpenWorker:
    """Return what opens a worker for this spec, in any process.

    Args:
        watchdog: of the process that it is opened in.
        is_remote: on another machine, which may not have the network's files.
    """
    sent = None
    if is_remote:
        from vsr.models.sent_model import SentModel

        sent = SentModel.of(spec.model)
    return partial(open_worker, spec.device, spec.precision, spec.threads, watchdog, sent)


def open_worker(
    device: str,
    precision: str,
    threads: int | None,
    watchdog: Watchdog | None = None,
    sent: SentModel | None = None,
) -> FilmWorker:
    """Open a worker in this process.

    Args:
        threads: CPU threads; None leaves the process as it is.
        watchdog: of this process; none if that is the user's own.
    """
    if threads is not None:
        from vsr.jobs.process_setup import settle

        settle()
        import torch

        torch.set_num_threads(threads)
    return FilmWorker(device, precision, watchdog=watchdog, sent=sent)


def _seldom(report: Report, pause_seconds: float) -> Callable[[TaskProgress], None]:
    """Return ``report`` limited to one report in each pause."""
    reported_at = time.monotonic() - pause_seconds

    def reported(done: TaskProgress) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= pause_seconds:
            reported_at = time.monotonic()
            report(done)

    return reported
