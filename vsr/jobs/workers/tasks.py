"""What workers are asked to do: plain values that can be sent, each with the code to run.

A film is planned (`PlanFilm`), done in segments by whoever is free (`UpscaleSegment`), and joined
(`JoinSegments`); what cannot be cut is one task (`UpscaleWhole`). Each task names its film by paths
and spec alone: a worker prepares the film for itself, and the fingerprint tells whether it would
make the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsr.disk.publishing import remove
from vsr.disk.waiting import wait_for
from vsr.errors import DecodingFailed, DeviceUnavailable, InvalidCheckpoint
from vsr.jobs.progress import Phase
from vsr.jobs.workers.worker import FilmSpec
from vsr.media.resume.manifest import shown
from vsr.media.resume.segments import Segment
from vsr.specs import UpscaleSpec
from vsr.values import FRAME_RATIOS

if TYPE_CHECKING:
    from vsr.jobs.estimate.figures import Estimate
    from vsr.jobs.progress import Result
    from vsr.jobs.workers.worker import FilmWorker, Report
    from vsr.media.writing.verify import JoinedFile

HARDWARE = ("device", "precision", "decoding")
"""Entries of a fingerprint that may differ if mixed workers are allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFilm:
    """A film that is planned.

    Attributes:
        remark: for the user, if the plan is used.
        lost: what somebody would miss of what is known already.
        spec: with everything decided that was ``auto``, once for all workers.
        model: as named in the report.
        seconds_per_frame: how long one is shown; 0 if the header does not say.
        estimate: of what it takes, if one was wanted and can be made.
    """

    fingerprint: dict[str, Any]
    segments: tuple[Segment, ...]
    remark: str
    lost: tuple[str, ...]
    least_bytes: int
    spec: UpscaleSpec
    model: str
    seconds_per_frame: float
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header of a file shows.

    Attributes:
        frames: how many, if the header says so.
        pixels: the area of one frame.
        seconds_per_frame: how long one is shown; 0 if the header does not say.
    """

    frames: int | None
    pixels: int
    seconds_per_frame: float = 0.0


@dataclass(frozen=True, slots=True)
class ReadHeader:
    """Read the header of a file, so that the longest can come first and the bar has a total."""

    film: FilmSpec
    urgency: int = 0

    def run(self, worker: FilmWorker, report: Report) -> HeaderFacts:
        """Read the header.

        Raises:
            MediaError: the file does not exist, or cannot be read.
        """
        from vsr.jobs.upscale.fields import mode_of
        from vsr.jobs.upscale.job import frames_made
        from vsr.jobs.upscale.source_film import animates
        from vsr.media.animation import count_of
        from vsr.media.images.images import image_size, is_image
        from vsr.media.reading.probe import probe

        del report
        if is_image(source := self.film.source):
            frames = count_of(source) if animates(source, self.film.target) else 1
            return HeaderFacts(frames, image_size(source).pixels)
        with worker.watched_load(f"{self.film.source}: its header"):
            info = probe(self.film.source)
        spec, video = self.film.spec, info.video
        ratio = FRAME_RATIOS.get(mode_of(spec, video), 1)
        seconds = _frame_seconds(video.frame_rate) / ratio
        return HeaderFacts(frames_made(info, spec), video.size.pixels, float(seconds))


@dataclass(frozen=True, slots=True)
class JoinSegments:
    """Join the segments of a film, and verify the result.

    Attributes:
        segments: where they are, and their sizes in bytes.
        joined: where to write.
    """

    film: FilmSpec
    fingerprint: dict[str, Any] = field(repr=False)
    segments: tuple[tuple[Path, int], ...]
    joined: Path
    urgency: int = 1

    def run(self, worker: FilmWorker, report: Report) -> tuple[JoinedFile, int]:
        """Return what was written, and its size in bytes."""
        from vsr.jobs.upscale.segment_worker import join_segments, verify_joined

        for path, size_bytes in self.segments:
            wait_for(path, size_bytes)
        job = worker.job(self.film)
        try:
            with worker.watched(f"{self.film.source}: joining its segments", file=self.joined):
                joined = join_segments(job, [path for path, _ in self.segments], self.joined)
            report(Phase.VERIFYING)
            with worker.watched_load(f"{self.film.source}: verifying its result"):
                verify_joined(job, joined, self.joined)
        except BaseException:
            remove(self.joined)  # it may have filled the disk, and is made again from the segments
            raise
        return joined, self.joined.stat().st_size


@dataclass(frozen=True, slots=True)
class UpscaleSegment:
    """Do one segment of a film.

    Attributes:
        path: where the finished segment goes.
        is_mixed: a device of another class may do it.
    """

    film: FilmSpec
    fingerprint: dict[str, Any] = field(repr=False)
    segment: Segment
    path: Path
    is_mixed: bool = False
    urgency: int = 2

    def run(self, worker: FilmWorker, report: Report) -> int:
        """Return the size of the finished segment in bytes."""
        wait_for(self.path.parent)
        job = worker.job(self.film)
        _check_same(self, job.fingerprint())
        worker.do_segment(job, self.segment, self.path, report)
        return self.path.stat().st_size


@dataclass(frozen=True, slots=True)
class PlanFilm:
    """Decide everything about a film, and cut it into segments.

    Attributes:
        workers: how many will share it, for an estimate of what it takes; 0: only if cramped.
    """

    film: FilmSpec
    workers: int = 0
    urgency: int = 3

    def run(self, worker: FilmWorker, report: Report) -> PlannedFilm:
        """Plan; write nothing."""
        from vsr.jobs.estimate.estimate import estimate_if_cramped, estimate_of
        from vsr.jobs.upscale.job import Job
        from vsr.jobs.upscale.plan import announce
        from vsr.jobs.upscale.segment_plan import frame_seconds, plan_segments

        job = worker.checked(self.film)
        assert isinstance(job, Job)
        with worker.watched(f"{self.film.source}: its estimate", frame_seconds(job)):
            estimate = estimate_of(job, self.workers) if self.workers else estimate_if_cramped(job)
        if estimate is not None and not estimate.is_short:
            report(f"{estimate}.")
        announce(job, report)
        with worker.watched_load(f"{self.film.source}: its segments"):
            segments, remark = plan_segments(job)
        return PlannedFilm(
            fingerprint=job.fingerprint(),
            segments=segments,
            remark=remark,
            lost=job.lost,
            least_bytes=job.least_bytes,
            spec=worker.as_sent(job.spec),
            model=str(job.model),
            seconds_per_frame=_frame_seconds(job.video.frame_rate),
            estimate=estimate,
        )


@dataclass(frozen=True, slots=True)
class UpscaleWhole:
    """Do all of a file in one worker: an image, a film for a pipe, or a short clip of many."""

    film: FilmSpec
    urgency: int = 3

    def run(self, worker: FilmWorker, report: Report) -> Result:
        """Upscale it; for a film, this worker is a pool of its own."""
        from vsr.batch.engine import InlineEngine
        from vsr.batch.scheduler import Scheduler
        from vsr.jobs.upscale.source_film import film_of
        from vsr.jobs.workers.shared_film import Crew, FilmInWork

        film = self.film
        if film.is_uncut:
            return worker.do_whole(film, report)
        with film_of(film.source) as source:
            here = replace(film, source=source)
            alone = FilmInWork(here, Crew(is_shared=False), note=report)
            alone.headway.on_progress = lambda: report(alone.headway.done)
            try:
                list(Scheduler(InlineEngine(worker)).run([alone]))
                return alone.outcome()
            finally:
                alone.release()


Task = ReadHeader | PlanFilm | UpscaleSegment | JoinSegments | UpscaleWhole


def _frame_seconds(rate: Fraction | None) -> float:
    return float(1 / rate) if rate else 0.0


def _check_same(part: UpscaleSegment, mine: dict[str, Any]) -> None:
    """Check that this worker would make the same bytes as the film's other workers.

    Raises:
        DecodingFailed: the source has changed meanwhile.
        InvalidCheckpoint: so have the weights.
        DeviceUnavailable: the worker differs.
    """
    changed = {key for key in mine if mine[key] != part.fingerprint.get(key)}
    if part.is_mixed:
        changed -= set(HARDWARE)
    if any(key.startswith("source") for key in changed):
        raise DecodingFailed(
            f"{part.film.source}: changed while it was being upscaled. Start over with --restart."
        )
    if "weights" in changed:
        raise InvalidCheckpoint(
            f"{part.film.spec.model}: its weights changed after {part.film.source} was planned. "
            "Run it again."
        )
    if changed:
        key = min(changed)
        raise DeviceUnavailable(
            f"{part.film.source}: this worker differs from the one that started "
            f"({key} is {shown(mine[key])}, was {shown(part.fingerprint.get(key))}). "
            "Use workers of one kind."
        )
