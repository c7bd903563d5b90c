"""What a frame takes, in time and bytes, and what a film takes that has so many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from vsr.jobs.estimate.moments import Moment
from vsr.jobs.estimate.took import Took, typical
from vsr.jobs.estimate.trial import Rendered
from vsr.jobs.estimate.words import Between

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


def pace_of(moments: Sequence[Moment], stills: Sequence[Rendered], loop: Rendered | None) -> Pace:
    """Return what a frame takes, from whole frames.

    Args:
        moments: that were rendered as ``stills``.
        loop: a part of the picture in motion; it tells the encoder's pace, because two frames
            mostly measure how long it takes to start.
    """
    encode = min((one.encoded.took for one in stills), key=lambda took: took.cpu_seconds)
    if loop is not None:
        encode = loop.encoded.took.scaled(_share(stills[0], loop))
    return Pace(
        read=min((one.read for one in moments), key=lambda took: took.cpu_seconds),
        compute=typical([took for one in stills for took in one.computed]),
        encode=encode,
    )


def rate_of(stills: Sequence[Rendered], loop: Rendered | None) -> Rate:
    """Return the bytes of a frame, from whole frames and a part of the picture in motion."""
    others = [one.encoded.other_bytes for one in stills if one.encoded.other_bytes is not None]
    measured = [fmean(others)] if others else []
    if loop is not None and loop.encoded.other_bytes is not None:
        measured.append(loop.encoded.other_bytes * _share(stills[0], loop))
    key_bytes = fmean(one.encoded.key_bytes for one in stills)
    return Rate(key_bytes=key_bytes, other_bytes=tuple(measured) or (key_bytes,))


def _share(whole: Rendered, part: Rendered) -> float:
    """Return how many times larger the frames of ``whole`` are."""
    return whole.encoded.frames[0].size.pixels / part.encoded.frames[0].size.pixels
