"""Soft telecine: each picture of a film is stored once, and flags repeat fields, as on most discs.

A picture is shown for three fields, the next one for two. There is nothing to weave: the two share
their time evenly, as the pictures of a cycle do (`vsr.media.frames.inverse_telecine`). Each frame
is looked at with its neighbours alone, so that segments and resumed runs agree, no error adds up,
and times are left alone where no fields repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

from vsr.frames import HostFrame
from vsr.media.clock import rounded
from vsr.values import FINER

SHORT, LONG = 2, 3
"""Fields that pictures are shown for, in turn."""

PER_PICTURE = Fraction(SHORT + LONG, 2)
"""Fields for each, if they share them evenly."""

UNEVEN = Fraction(1, 4)
"""The part of a field by which rounded times may miss a whole number of them."""

NEAR = Fraction(1, 8)
"""The part of a field within which a time is taken for one of the grid: two milliseconds."""

Step = Callable[[Iterator[HostFrame]], Iterator[HostFrame]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """How long the frames of a film are shown whose fields flags repeat.

    Attributes:
        start: the pts of the first frame, from which the even times are counted: a film that was
            cut nowhere has one grid, in which roundings do not show.
        field: how long a field lasts, in ticks.
        is_throughout: fields repeat wherever the film was looked at.
    """

    start: int
    field: Fraction
    is_throughout: bool = True

    def frame_rate(self, time_base: Fraction) -> Fraction:
        """Return how many pictures the film has in a second."""
        return 1 / (PER_PICTURE * self.field * time_base)

    def fields(self, pts: int, following: int) -> int:
        """Return for how many fields a frame is shown: 2, 3, or 0 for any other time."""
        lasting = (following - pts) / self.field
        count = rounded(lasting)
        return count if count in (SHORT, LONG) and abs(lasting - count) <= UNEVEN else 0

    def even_time(self, before: int | None, pts: int, after: int | None) -> int:
        """Return when a frame is to be shown, in `FINER` ticks: half a field from ``pts`` at most.

        Of two pictures that share their time one keeps its own, and the other is put amid its
        neighbours: that which makes them lie on the grid; off the grid, the longer one keeps it.

        Args:
            before: the time of the frame before; None at an end, where the fields go on in turn.
            after: that of the next one.
        """
        finer = FINER["film"]
        earlier = 0 if before is None else self.fields(before, pts)
        later = 0 if after is None else self.fields(pts, after)
        both = SHORT + LONG
        if before is None and later:
            earlier = both - later
            before = pts - rounded(earlier * self.field)
        elif after is None and earlier:
            later = both - earlier
            after = pts + rounded(later * self.field)
        if before is None or after is None or {earlier, later} != {SHORT, LONG}:
            return finer * pts
        amid = Fraction(before + after, 2)
        for time in (Fraction(pts), amid):
            even = self._on_grid(time)
            if abs(even - time) <= NEAR * self.field:
                return rounded(finer * even)
        return finer * pts if later == LONG else rounded(finer * amid)

    def _on_grid(self, time: Fraction) -> Fraction:
        step = PER_PICTURE * self.field
        return self.start + step * rounded((time - self.start) / step)


def evened(frames: Iterable[HostFrame], repeats: Repeats, step: Step) -> Iterator[HostFrame]:
    """Yield what a step makes of frames, each at its even time.

    Args:
        frames: in presentation order, with one beyond either end of what the step delivers.
        step: makes one frame of each, at the same time, or none.
    """
    times: dict[int, int] = {}
    for frame in step(_timed(frames, repeats, times)):
        yield replace(frame, pts=times.pop(frame.pts))


def _timed(
    frames: Iterable[HostFrame], repeats: Repeats, times: dict[int, int]
) -> Iterator[HostFrame]:
    """Pass frames on, and put down the time of each once the next one is seen."""
    before: int | None = None
    current: HostFrame | None = None
    for following in chain(frames, [None]):
        if current is not None:
            after = None if following is None else following.pts
            times[current.pts] = repeats.even_time(before, current.pts, after)
            yield current
            before = current.pts
        current = following
