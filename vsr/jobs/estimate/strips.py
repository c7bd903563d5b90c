"""A job tried on strips of a few frames: fast, whatever the size of the film."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from math import inf
from pathlib import Path
from statistics import fmean
from time import perf_counter

from vsr.jobs.estimate.cost import Pace, Rate
from vsr.jobs.estimate.moments import ALIGNED, EVERYTHING, Crop, Moment
from vsr.jobs.estimate.took import Stopwatch, typical
from vsr.jobs.estimate.trial import Rendered, Trial
from vsr.jobs.progress import ignore
from vsr.jobs.upscale.upscale_plan import Job
from vsr.media.reading.glimpses import frames_in_places
from vsr.specs import Size

STRIP_PIXELS = 32_768
"""Of the source: large enough to keep all cores busy, a quarter of a frame of 480×270."""

STRIP_WIDTH = 512
"""At most: a strip is to have some height."""

PLACES = (0.5, 0.2, 0.8)
"""Where strips are taken, as shares of the part that is wanted, and of the picture's height."""

PATIENCE_SECONDS = 1.2
"""Once so much time is spent, no further place is tried."""


def tried(job: Job) -> tuple[Pace, Rate] | None:
    """Try a job on strips; return what a whole frame takes, or None if nothing can be read.

    On CUDA whole frames are tried: a strip would mostly measure how long it takes to start.

    Raises:
        Failed: it could not be computed or encoded.
    """
    moments, done = [], []
    started = perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="vsr-estimate-") as folder,
        closing(Trial(job, Path(folder), ignore)) as trial,
    ):
        for moment in _moments(job):
            moments.append(moment)
            done.append(trial.render(moment))
            if perf_counter() - started > PATIENCE_SECONDS:
                break
    if not done:
        return None
    share = job.sizes.source.pixels / moments[0].frames[0].size.pixels
    return _pace(moments, done, share), _rate(done, share)


def _moments(job: Job) -> Iterator[Moment]:
    """Yield frames in a row from each place, cut to strips."""
    watch = Stopwatch()
    for index, frames in enumerate(frames_in_places(job.source, _places(job))):
        read = watch.lap().scaled(1 / len(frames))
        crop = None if job.device.is_cuda else _strip(job.sizes.source, PLACES[index])
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


def _pace(moments: list[Moment], done: list[Rendered], share: float) -> Pace:
    computed = [took for one in done for took in one.computed]
    encoded = min((one.encoded.took for one in done), key=lambda took: took.cpu_seconds)
    read = min((one.read for one in moments), key=lambda took: took.cpu_seconds)
    return Pace(
        read=read,
        compute=typical(computed).scaled(share),
        encode=encoded.scaled(share),
    )


def _rate(done: list[Rendered], share: float) -> Rate:
    key_bytes = share * fmean(one.encoded.key_bytes for one in done)
    others = [
        share * one.encoded.other_bytes for one in done if one.encoded.other_bytes is not None
    ]
    return Rate(key_bytes=key_bytes, other_bytes=tuple(others) or (key_bytes,))
