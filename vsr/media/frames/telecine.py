"""2:3 pulldown: five frames of four pictures, cycle after cycle.

The plan of segments and the steps count the cycles in one way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from vsr.frames import HostFrame
from vsr.media.clock import MOST_STEPS

CYCLE = 5
"""Frames to four pictures."""

MADE = (1, 1, 0, 1, 1)
"""How many pictures each further frame of a cycle adds; a cycle that is cut short has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulldown:
    """How a film was telecined.

    Attributes:
        is_top_first: the field order.
        boundary: the pts at which the first whole cycle begins; a cycle begins with a frame of
            two fields of one picture.
        step: how long a frame lasts at the frame rate, in ticks.
    """

    is_top_first: bool = True
    boundary: int = 0
    step: int = 1


class Cycles:
    """Tells the places of frames, one after the other, in their cycles.

    The plan and the steps both ask it, so that a segment begins with a cycle. A cycle ends early
    where frames are missing.
    """

    def __init__(self, pulldown: Pulldown) -> None:
        self._pulldown = pulldown
        self._place = 0
        self._last: int | None = None

    def place(self, pts: int) -> int:
        """Return the place of the next frame, 0 to 4; 0 begins a cycle."""
        pulldown, last, self._last = self._pulldown, self._last, pts
        begins = (
            last is None
            or self._place == CYCLE - 1
            or last < pulldown.boundary <= pts
            or pts - last > MOST_STEPS * pulldown.step
        )
        self._place = 0 if begins else self._place + 1
        return self._place

    def made_of(self, frame: HostFrame) -> int:
        """Return how many pictures the next frame adds."""
        return MADE[self.place(frame.pts)]


def starts_of(times: Sequence[int], pulldown: Pulldown) -> list[int]:
    """Return at which indices of ``times`` cycles begin."""
    cycles = Cycles(pulldown)
    return [index for index, pts in enumerate(times) if cycles.place(pts) == 0]


def at_cycles(times: Sequence[int], places: Sequence[int], pulldown: Pulldown) -> list[int]:
    """Return the places moved on to where cycles begin, but not those that a hole begins.

    What is looked at before a segment must follow each other without a hole.
    """
    starts = [
        index
        for index in starts_of(times, pulldown)
        if index and times[index] - times[index - 1] < 2 * pulldown.step
    ]
    found = (bisect_left(starts, place) for place in places)
    return sorted({starts[index] for index in found if index < len(starts)})


def pictures_in(times: Sequence[int], places: Sequence[int], pulldown: Pulldown) -> list[int]:
    """Return how many pictures of a film each segment holds."""
    cycles = Cycles(pulldown)
    made = [0, *accumulate(MADE[cycles.place(pts)] for pts in times)]
    return [made[b] - made[a] for a, b in zip([0, *places], [*places, len(times)])]
