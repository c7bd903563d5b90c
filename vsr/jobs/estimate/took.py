"""What a piece of work took, by the clock and by the processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time


@dataclass(frozen=True, slots=True)
class Took:
    """What a piece of work took: wall time, and CPU time of all threads of this process."""

    wall_seconds: float
    cpu_seconds: float

    def scaled(self, factor: float) -> Took:
        """Return what ``factor`` times as much work takes."""
        return Took(self.wall_seconds * factor, self.cpu_seconds * factor)


NOTHING = Took(0.0, 0.0)


class Stopwatch:
    """Tells what was taken since it was made, or asked last."""

    def __init__(self) -> None:
        self._before = perf_counter(), process_time()

    def lap(self) -> Took:
        """Return what was taken since the last lap."""
        now = perf_counter(), process_time()
        wall, cpu = (later - earlier for later, earlier in zip(now, self._before))
        self._before = now
        return Took(wall, cpu)


def typical(times: Sequence[Took]) -> Took:
    """Return the medians, leaving out the first frame, which warms up."""
    rest = times[1:] or times
    return Took(median(one.wall_seconds for one in rest), median(one.cpu_seconds for one in rest))
