"""What a setting takes, from the frames of a preview: seconds and bytes, of a frame and a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from vsr.jobs.estimate import Between
from vsr.jobs.preview.moments import Moment
from vsr.jobs.preview.setting import Rendered, typical
from vsr.jobs.upscale.upscale_plan import Job

GROUP_FRAMES = (60, 250)
"""Frames from one key frame to the next: with many cuts, and as encoders do without any."""

UNSURE_SECONDS = (0.88, 1.14)
UNSURE_BYTES = (0.6, 1.2)
"""A few frames tell what all of them take to within these factors; they were chosen because much
happens in them, so that the film is more likely smaller than larger.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one frame takes at full size.

    Attributes:
        read_seconds, compute_seconds, encode_seconds: of each stage alone.
        key_bytes: of a key frame.
        other_bytes: of another one, by several measurements.
    """

    read_seconds: float
    compute_seconds: float
    encode_seconds: float
    key_bytes: float
    other_bytes: tuple[float, ...]

    def frame_seconds(self, *, is_cuda: bool) -> float:
        """Return the wall time of a frame; on a CPU all stages share the cores."""
        stages = self.read_seconds, self.compute_seconds, self.encode_seconds
        return max(stages) if is_cuda else sum(stages)


def cost_of(moments: Sequence[Moment], stills: Sequence[Rendered], loop: Rendered | None) -> Cost:
    """Return what a frame takes.

    Args:
        moments: that were rendered as ``stills``, whole frames.
        loop: a part of the picture in motion; it tells the encoder's rate, because two frames
            mostly measure how long it takes to start.
    """
    size = stills[0].encoded.frames[0].size
    seconds = [second for one in stills for second in one.compute_seconds]
    others = [one.encoded.other_bytes for one in stills if one.encoded.other_bytes is not None]
    measured = [fmean(others)] if others else []
    encode_seconds = min(one.encoded.encode_seconds for one in stills)
    if loop is not None:
        share = size.pixels / loop.encoded.frames[0].size.pixels
        encode_seconds = loop.encoded.encode_seconds * share
        if loop.encoded.other_bytes is not None:
            measured.append(loop.encoded.other_bytes * share)
    key_bytes = fmean(one.encoded.key_bytes for one in stills)
    return Cost(
        read_seconds=min(one.read_seconds for one in moments),
        compute_seconds=typical(seconds),
        encode_seconds=encode_seconds,
        key_bytes=key_bytes,
        other_bytes=tuple(measured) or (key_bytes,),
    )


def film_seconds(job: Job, cost: Cost) -> Between | None:
    """Return how long the whole film takes; None if its length is unknown."""
    frames = job.frames_expected
    if frames is None:
        return None
    seconds = frames * cost.frame_seconds(is_cuda=job.device.is_cuda)
    return Between(seconds * UNSURE_SECONDS[0], seconds * UNSURE_SECONDS[1])


def film_bytes(job: Job, cost: Cost) -> Between | None:
    """Return how large the whole file becomes; None if the film's length is unknown."""
    frames = job.frames_expected
    if frames is None:
        return None
    short, long = GROUP_FRAMES
    low = min(cost.other_bytes) * UNSURE_BYTES[0] + cost.key_bytes / long
    high = max(cost.other_bytes) * UNSURE_BYTES[1] + cost.key_bytes / short
    carried = _carried_bytes(job)
    return Between(frames * low + carried, frames * high + carried)


def _carried_bytes(job: Job) -> float:
    """Return the size of the streams that are copied or converted, as far as headers say it."""
    seconds = job.source.duration_seconds or 0.0
    rates = [fate.stream.bit_rate or 0 for fate in job.streams.carried]
    return sum(rates) / 8 * seconds
