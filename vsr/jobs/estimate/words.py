"""How long an upscale takes and how large its result gets, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

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
        return f"about {_duration(seconds.middle)}"
    low, high = _duration(seconds.low), _duration(seconds.high)
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


def _duration(seconds: float) -> str:
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
