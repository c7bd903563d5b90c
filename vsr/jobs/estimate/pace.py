"""What a frame takes, in time and bytes, and what a film takes that has so many of them.

A job is tried on strips of a few frames: fast, whatever the size of the film.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean
from time import perf_counter

from vsr.jobs.estimate.figures import Between, Stopwatch, Took, typical
from vsr.jobs.estimate.moments import ALIGNED, Crop, Moment
from vsr.jobs.estimate.trial import RenderedMoment, Trial
from vsr.jobs.progress import ignore
from vsr.jobs.upscale.job import Job
from vsr.media.reading.glimpses import frames_in_places
from vsr.temporary import temporary_folder
from vsr.values import EVERYTHING, Size

GROUP_FRAMES = (60, 250)
"""Frames from one key frame to the next: with many cuts, and as encoders do without any."""

UNSURE_SECONDS = (0.9, 1.1)
UNSURE_BYTES = (0.6, 1.2)
"""A few frames tell what all of them take to within these factors. A film is more likely smaller
than larger: the frames after a key frame, which are measured, take more than those later on.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one frame takes at full size, each stage alone."""

    read: Took
    compute: Took
    encode: Took

    def frame_seconds(self, cores: int, *, is_cuda: bool) -> Between:
        """Return the wall time of a frame while all stages run at once.

        On a CPU they share the cores, which are all busy: the least is their CPU time over all
        cores. If the network alone leaves cores idle, or if other programs want them, it is more.

        Args:
            cores: that this process may use.
        """
        beside = (self.read.cpu_seconds + self.encode.cpu_seconds) / cores
        if is_cuda:
            slowest = max(beside, self.compute.wall_seconds, self.encode.wall_seconds)
            return Between(slowest, slowest)
        least = beside + self.compute.cpu_seconds / cores
        return Between(least, max(least, beside + self.compute.wall_seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many bytes a frame takes.

    Attributes:
        key_bytes: a key frame.
        other_bytes: another one, by several measurements.
    """

    key_bytes: float
    other_bytes: tuple[float, ...]

    def frame_bytes(self) -> Between:
        """Return the bytes of a frame of a whole film."""
        short, long = GROUP_FRAMES
        mean = fmean(self.other_bytes)
        least, most = sqrt(mean * min(self.other_bytes)), sqrt(mean * max(self.other_bytes))
        low = least * UNSURE_BYTES[0] + self.key_bytes / long
        high = most * UNSURE_BYTES[1] + self.key_bytes / short
        return Between(low, high)


def pace_of(
    moments: Sequence[Moment],
    stills: Sequence[RenderedMoment],
    loop: RenderedMoment | None = None,
    share: float = 1.0,
) -> Pace:
    """Return what a frame takes.

    Args:
        moments: that were rendered as ``stills``.
        loop: a part of the picture in motion; it tells the encoder's pace, because two frames
            mostly measure how long it takes to start.
        share: how many times as much as these a whole frame takes.
    """
    encode = min((one.encoded.took for one in stills), key=_cpu_seconds).scaled(share)
    if loop is not None:
        encode = loop.encoded.took.scaled(_share(stills[0], loop))
    computed = [took for one in stills for took in one.computed]
    read = sum(frame.pts in one.span for one in moments for frame in one.frames)
    return Pace(
        read=min((one.read for one in moments), key=_cpu_seconds).scaled(read / len(computed)),
        compute=typical(computed).scaled(share),
        encode=encode,
    )


def rate_of(stills: Sequence[RenderedMoment], loop: RenderedMoment | None) -> Rate:
    """Return the bytes of a frame, from whole frames and a part of the picture in motion."""
    others = [one.encoded.other_bytes for one in stills if one.encoded.other_bytes is not None]
    measured = [fmean(others)] if others else []
    if loop is not None and loop.encoded.other_bytes is not None:
        measured.append(loop.encoded.other_bytes * _share(stills[0], loop))
    key_bytes = fmean(one.encoded.key_bytes for one in stills)
    return Rate(key_bytes=key_bytes, other_bytes=tuple(measured) or (key_bytes,))


def _cpu_seconds(took: Took) -> float:
    return took.cpu_seconds


def _share(whole: RenderedMoment, part: RenderedMoment) -> float:
    """Return how many times larger the frames of ``whole`` are."""
    return whole.encoded.frames[0].size.pixels / part.encoded.frames[0].size.pixels


STRIP_PIXELS = 32_768
"""Source pixels of a trial strip: enough to keep all cores busy, a quarter of a frame of 480×270.
"""

STRIP_WIDTH = 512
"""The widest a trial strip may be, so that it keeps some height."""

PLACES = (0.5, 0.2, 0.8)
"""Where trial strips are taken, as shares of the part that is upscaled, and of the frame's height.
"""

PATIENCE_SECONDS = 1.2
"""No further strip is tried once this much time is spent."""


def tried(job: Job) -> tuple[Pace, Rate] | None:
    """Try a job on strips; return what a whole frame takes, or None if nothing can be read.

    On CUDA whole frames are tried: a strip would mostly measure how long it takes to start.

    Raises:
        Failed: it could not be computed or encoded.
    """
    moments, done = [], []
    started = perf_counter()
    with (
        temporary_folder("estimate") as folder,
        closing(Trial(job, folder, ignore)) as trial,
    ):
        for moment in _moments(job):
            moments.append(moment)
            done.append(trial.render(moment))
            if perf_counter() - started > PATIENCE_SECONDS:
                break
    if not done:
        return None
    share = job.sizes.source.pixels / moments[0].frames[0].size.pixels
    return pace_of(moments, done, share=share), _rate(done, share)


def _moments(job: Job) -> Iterator[Moment]:
    """Yield frames in a row from each place, cut to strips."""
    watch = Stopwatch()
    for index, frames in enumerate(frames_in_places(job.source, _places(job))):
        read = watch.lap().scaled(1 / len(frames))
        crop = None if job.device.kind != "cpu" else _strip(job.sizes.source, PLACES[index])
        cut = tuple(frame if crop is None else crop.of(frame) for frame in frames)
        yield Moment(cut, EVERYTHING, cut[-1].pts, read)
        watch.lap()


def _places(job: Job) -> list[float]:
    """Return where strips are taken, in seconds: within the part that is wanted."""
    time, video = job.spec.time, job.source.video
    end = min(time.end_seconds, video.duration_seconds or job.source.duration_seconds or inf)
    if time.max_frames is not None and video.frame_rate:
        end = min(end, time.start_seconds + float(time.max_frames / video.frame_rate))
    length = 0.0 if end == inf else max(0.0, end - time.start_seconds)
    return [time.start_seconds + place * length for place in PLACES]


def _strip(whole: Size, down: float) -> Crop:
    width = whole.width if whole.width <= STRIP_WIDTH else STRIP_WIDTH
    rows = max(ALIGNED, STRIP_PIXELS // width // ALIGNED * ALIGNED)
    height = whole.height if whole.height <= rows else rows
    left = (whole.width - width) // 2 // ALIGNED * ALIGNED
    top = int(down * (whole.height - height)) // ALIGNED * ALIGNED
    return Crop(left, top, Size(width, height))


def _rate(done: list[RenderedMoment], share: float) -> Rate:
    key_bytes = share * fmean(one.encoded.key_bytes for one in done)
    others = [
        share * one.encoded.other_bytes for one in done if one.encoded.other_bytes is not None
    ]
    return Rate(key_bytes=key_bytes, other_bytes=tuple(others) or (key_bytes,))
