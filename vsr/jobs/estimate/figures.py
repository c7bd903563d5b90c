"""What work takes, in time and bytes: as measured, as estimated, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from math import sqrt
from statistics import median
from time import perf_counter, process_time
from typing import Literal

SURE = 1.35
"""A range whose ends differ by less is told as one number."""


@dataclass(frozen=True, slots=True)
class Between:
    """A number that is not known exactly: it lies between these."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """The geometric mean: as many times the one end as the other is it."""
        return sqrt(self.low * self.high)

    def scaled(self, factor: float) -> Between:
        """Return so many times as much."""
        return Between(self.low * factor, self.high * factor)


def about_seconds(seconds: Between) -> str:
    """Return a time in words: ``about 3 h 10 min``, or ``2 h to 4 h`` where it is not sure."""
    if seconds.high < SURE * seconds.low:
        return f"about {duration(seconds.middle)}"
    low, high = duration(seconds.low), duration(seconds.high)
    return f"about {low}" if low == high else f"{low} to {high}"


def total(parts: Sequence[Between]) -> Between:
    """Return the sum."""
    return Between(sum(one.low for one in parts), sum(one.high for one in parts))


UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def about_bytes(count: Between) -> str:
    """Return a size in words: ``5–7 GB``."""
    unit, name = next(((unit, name) for unit, name in UNITS if count.high >= unit), (UNITS[-1]))
    low, high = _digits(count.low / unit), _digits(count.high / unit)
    return f"{low} {name}" if low == high else f"{low}–{high} {name}"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")


def duration(seconds: float) -> str:
    """Return a time to two digits or so."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{5 * round(seconds / 5)} s"
    minutes = seconds / 60
    if minutes < 59.5:
        return f"{round(minutes)} min"
    if minutes < 20 * 60:
        step = 5 if minutes < 4 * 60 else 10
        whole, rest = divmod(step * round(minutes / step), 60)
        return f"{whole} h {rest} min" if rest else f"{whole} h"
    hours = minutes / 60
    return f"{round(hours)} h" if hours < 72 else f"{round(hours / 24)} days"


SHORT_SECONDS = 20.0
"""Work that is guessed to be shorter is not tried beforehand: that would take as long."""

Basis = Literal["measured", "remembered", "guess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another network for the same work."""

    model: str
    seconds: Between

    def __str__(self) -> str:
        return f"{self.model}: {about_seconds(self.seconds).removeprefix('about ')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a whole upscale takes.

    Attributes:
        seconds: of wall time.
        video_bytes: of the video; None where it was not tried.
        other_bytes: of the other streams, as far as headers say it.
        basis: measured on a few frames, remembered of earlier runs, or only guessed.
        other: a faster or better network that is worth knowing of.
    """

    seconds: Between
    video_bytes: Between | None = None
    other_bytes: float = 0.0
    basis: Basis = "measured"
    other: Other | None = None

    @property
    def is_short(self) -> bool:
        """Whether it is over before an estimate could be read."""
        return self.basis != "measured" and self.seconds.high < SHORT_SECONDS

    @property
    def file_bytes(self) -> Between | None:
        """The size of the result."""
        video = self.video_bytes
        if video is None:
            return None
        return Between(video.low + self.other_bytes, video.high + self.other_bytes)

    @property
    def peak_bytes(self) -> Between | None:
        """What is on disk once the result is joined: it, and the segments that it is made of.

        Nothing is freed before the result is verified. No muxer makes a copy: MP4's index is put
        first by shifting what is written.
        """
        file, video = self.file_bytes, self.video_bytes
        if file is None or video is None:
            return None
        return Between(file.low + video.low, file.high + video.high)

    def __str__(self) -> str:
        words = about_seconds(self.seconds)
        if self.basis == "guess":
            words += " (a guess: not yet measured here)"
        if self.file_bytes is not None:
            words += f", {about_bytes(self.file_bytes)}"
        return words if self.other is None else f"{words} ({self.other})"


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


def evened(laps: Sequence[Took], count: int) -> Took:
    """Return what each of so many frames took, where some wait for the next one."""
    wall, cpu = (sum(times) / count for times in zip(*map(astuple, laps), strict=True))
    return Took(wall, cpu)


def typical(times: Sequence[Took]) -> Took:
    """Return the medians, leaving out the first frame, which warms up."""
    rest = times[1:] or times
    return Took(median(one.wall_seconds for one in rest), median(one.cpu_seconds for one in rest))
