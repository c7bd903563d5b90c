"""Times as integers: rescaling between time bases, and a timeline for frames that lack their own.

Pure arithmetic on `Fraction`; nothing here knows of files. No float enters a timestamp.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction


class Timing(Enum):
    """Where the presentation times of a stream come from."""

    GIVEN = "given"
    """Every frame has its own."""
    DECODING_ORDER = "derived from the decoding times"
    """The k-th picture shown gets the k-th smallest decoding time (AVI)."""
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


def seconds(pts: int, time_base: Fraction) -> float:
    """Return ticks as seconds, for people to read."""
    return float(pts * time_base)


def ticks(seconds_: float | Fraction, time_base: Fraction) -> int:
    """Return the first tick at or after a time in seconds."""
    exact = Fraction(seconds_) / time_base
    return -(-exact.numerator // exact.denominator)


def ticks_per_frame(frame_rate: Fraction | None, time_base: Fraction) -> Fraction:
    """Return how long a frame lasts, in ticks and exact; 25 a second if nothing is known."""
    return 1 / ((frame_rate or Fraction(25)) * time_base)


class Timeline:
    """Give each picture, in the order shown, an integer time later than the one before.

    A time that is given and later than the last one stands as it is. A missing one is continued at
    the frame rate; one that repeats or runs backward becomes the last one plus a tick.

    Attributes:
        repaired: how many given times had to be changed or filled in.
    """

    def __init__(self, timing: Timing, start_pts: int, step: Fraction) -> None:
        self.repaired = 0
        self._timing = timing
        self._start_pts = start_pts
        self._step = step
        self._last: int | None = None
        self._count = 0

    def stamp(self, pts: int | None, decoding_time: int | None = None) -> int:
        """Return the time of the next picture."""
        if self._timing is Timing.FRAME_RATE:
            wanted: int | None = self._start_pts + rounded(self._count * self._step)
        elif self._timing is Timing.DECODING_ORDER:
            wanted = decoding_time
        else:
            wanted = pts
        stamped = self._later_than_last(wanted)
        if self._timing is not Timing.FRAME_RATE and stamped != wanted:
            self.repaired += 1
        self._last = stamped
        self._count += 1
        return stamped

    def _later_than_last(self, wanted: int | None) -> int:
        if self._last is None:
            return self._start_pts if wanted is None else wanted
        if wanted is None:
            return self._last + max(1, rounded(self._step))
        return max(wanted, self._last + 1)
