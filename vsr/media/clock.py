"""Times as integers: time bases, and a timeline for frames that lack their own.

Arithmetic on `Fraction`; nothing here opens a file. No float enters a timestamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")

USUAL_FRAME_RATE = Fraction(25)
"""FFmpeg's default, too, for a stream without a rate."""

PUSHED_FRAMES = Fraction(1, 8)
"""The distance, in frames, between frames that are pushed forward: a few milliseconds, as
Matroska's resolution is 1 ms."""


MOST_STEPS = 4
"""A longer gap, in frames at the frame rate, is a still frame, or frames are missing."""


LEAST_RATE_IN_MP4 = 10_000
"""Ticks a second: FFmpeg's muxer doubles those of a coarser time base until there are so many."""

MOST_TICKS_IN_MP4 = 2**31 - 1
"""The most ticks in mp4 or mov between two packets of a track, and from the decoding of a frame
until it is shown."""

LONGEST_IN_MP4 = Fraction(MOST_TICKS_IN_MP4, LEAST_RATE_IN_MP4)
"""The same in seconds: 59 hours."""


class Timing(Enum):
    """Where the presentation times of a stream come from."""

    GIVEN = "given"
    """Frames have their own."""
    DECODING_ORDER = "derived from the decoding times"
    """The k-th frame shown gets the k-th smallest decoding time (AVI with B-frames)."""
    FRAME_RATE = "derived from the frame rate"
    """The stream has no times at all (raw H.264)."""


def rounded(value: Fraction) -> int:
    """Return the nearest integer; a half goes away from zero, as in FFmpeg."""
    magnitude = abs(value)
    nearest = (2 * magnitude.numerator + magnitude.denominator) // (2 * magnitude.denominator)
    return nearest if value >= 0 else -nearest


def rescaled(pts: int, source: Fraction, target: Fraction) -> int:
    """Return a time of one time base in another, rounded to the nearest tick."""
    return rounded(pts * source / target)


def ticks(seconds: float | Fraction, time_base: Fraction) -> int:
    """Return the first tick at or after a time in seconds."""
    exact = Fraction(seconds) / time_base
    return -(-exact.numerator // exact.denominator)


def clock_for_mp4(time_base: Fraction, longest: Fraction) -> Fraction:
    """Return a time base in which mp4 can hold a distance: this one, or the next coarser.

    Args:
        longest: the distance, in seconds; `LONGEST_IN_MP4` at most.
    """
    rate = time_base.denominator
    while rate < LEAST_RATE_IN_MP4:
        rate *= 2
    if longest * rate <= MOST_TICKS_IN_MP4:
        return time_base
    return Fraction(1, max(LEAST_RATE_IN_MP4, int(MOST_TICKS_IN_MP4 / longest)))


def ticks_per_frame(frame_rate: Fraction | None, time_base: Fraction) -> Fraction:
    """Return how long a frame lasts, in ticks and exact."""
    return 1 / ((frame_rate or USUAL_FRAME_RATE) * time_base)


def runs_backward(times: Iterable[int | None]) -> bool:
    """Return whether times, in the order shown, step backward more than once.

    Once may be a splice; more often means a demuxer that passes decoding times off as presentation
    times.
    """
    known = [time for time in times if time is not None]
    return sum(later < earlier for earlier, later in pairwise(known)) > 1


class Timeline:
    """Give each frame, in presentation order, an integer time later than the previous one.

    A given time that is later than the last is kept. A missing one is extrapolated at the frame
    rate. One that repeats, or steps back for a single frame, is put half-way to the next one; so is
    one that runs far ahead of the next. Where the times restart (a splice), all that follow are
    shifted to continue one frame after the last and keep their distances; if they may not restart,
    they are pushed forward until they have caught up.

    Attributes:
        repaired: how many given times were changed, plus how many were missing among given ones.
    """

    def __init__(
        self,
        start_pts: int,
        step: Fraction,
        *,
        is_timed: bool = True,
        may_begin_anew: bool = True,
    ) -> None:
        self.repaired = 0
        self._step = step
        self._is_timed = is_timed
        self._may_begin_anew = may_begin_anew
        self._anchor = start_pts  # the last time that was not extrapolated
        self._since_anchor = 0
        self._last: int | None = None
        self._shift = 0

    def stamped(self, items: Iterable[tuple[T, int | None]]) -> Iterator[tuple[T, int]]:
        """Yield each item with its final time. Looks one item ahead."""
        iterator = iter(items)
        current = next(iterator, None)
        while current is not None:
            following = next(iterator, None)
            item, pts = current
            yield item, self._stamp(pts, None if following is None else following[1])
            current = following

    def _stamp(self, pts: int | None, next_pts: int | None) -> int:
        shifted = None if pts is None else pts + self._shift
        if shifted is None:
            stamp = self._continued()
            self.repaired += self._is_timed
        elif self._last is None or self._is_next(shifted, next_pts):
            stamp = self._anchored(shifted)
            self.repaired += shifted != pts
        else:
            stamp = self._anchored(self._forced_forward(shifted, next_pts))
            self.repaired += 1
        self._last = stamp
        return stamp

    def _is_next(self, shifted: int, next_pts: int | None) -> bool:
        """Return whether a time is kept: it is later than the last, and plausible."""
        assert self._last is not None
        following = shifted if next_pts is None else next_pts + self._shift
        is_ahead = self._last < following and following - self._last < shifted - following
        return shifted > self._last and not is_ahead

    def _continued(self) -> int:
        stamp = self._anchor + rounded(self._since_anchor * self._step)
        self._since_anchor += 1
        return stamp if self._last is None else max(stamp, self._last + 1)

    def _anchored(self, pts: int) -> int:
        self._anchor, self._since_anchor = pts, 1
        return pts

    def _forced_forward(self, shifted: int, next_pts: int | None) -> int:
        assert self._last is not None
        if next_pts is not None and next_pts + self._shift > self._last:
            return max(self._last + 1, (self._last + next_pts + self._shift) // 2)
        if next_pts is not None and not self._may_begin_anew:
            return self._last + max(1, rounded(PUSHED_FRAMES * self._step))
        forward = self._last + max(1, rounded(self._step))
        if next_pts is not None:
            self._shift += forward - shifted
        return forward
