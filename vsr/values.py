"""Frozen values that specs hold: sizes, times, how a network is blended, and grain.

They check themselves and import no library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import floor, inf
from typing import Literal

from vsr.errors import InvalidOption
from vsr.option import check_between, check_ranges, option, options_of

_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d*)?)")
_PLAIN = re.compile(r"\d+(?:\.\d*)?")


def seconds_of(value: float | str) -> float:
    """Return a time in seconds, which may be written as ``90``, ``1:30`` or ``0:01:30.5``.

    Raises:
        InvalidOption: it is not a time.
    """
    if not isinstance(value, str):
        return value
    if _PLAIN.fullmatch(value):
        return float(value)
    match = _CLOCK.fullmatch(value)
    if match is None:
        raise InvalidOption(f"{value!r} is not a time; write 90, 1:30 or 0:01:30.5.")
    hours, minutes, seconds = match.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds)


FrameRate = Fraction | float | str

NTSC = tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))
"""What people mean by 23.976, 29.97, 47.95, 59.94 and 119.88."""


def rate_of(value: FrameRate) -> Fraction:
    """Return frames per second exactly; they may be written as ``25``, ``23.976``, ``24000/1001``.

    Raises:
        InvalidOption: it is not a rate from 1/1000 to 1000.
    """
    try:
        rate = Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not Fraction(1, 1000) <= rate <= 1000:
        raise InvalidOption(f"{value} is not a frame rate; write 25, 23.976 or 24000/1001.")
    return next((one for one in NTSC if abs(one - rate) < Fraction(1, 200)), rate)


_AMOUNT = re.compile(r"(\d+(?:\.\d*)?)\s*([kmgt]?)(i?)(?:b|bit|bits|bps|b/s|bit/s)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def amount_of(value: float | str) -> int:
    """Return a number of bits or bytes, which may be written as ``800k``, ``8M``, ``1.5GiB``.

    Raises:
        InvalidOption: it is not a number above 0.
    """
    match = _AMOUNT.fullmatch(str(value).strip())
    amount = 0
    if match is not None:
        number, letter, binary = match.groups()
        amount = floor(Fraction(number) * (1024 if binary else 1000) ** _POWERS[letter.lower()])
    if amount < 1:
        raise InvalidOption(f"{value!r} is not an amount; write 800k, 8M or 4GB.")
    return amount


Factor = Fraction | float
"""By what the sides of a frame are multiplied; exact once a spec holds it."""

HALF = Fraction(1, 2)


def factor_of(value: Factor | str) -> Fraction:
    """Return a factor exactly; it may be written as ``2``, ``1.5``, ``3/2``, ``4x`` or ``x4``.

    Raises:
        InvalidOption: it is not a number.
    """
    text = str(value).strip().lower().replace("×", "x").strip("x")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InvalidOption(f"scale {value}: give a number such as 2 or 1.5.") from None


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise InvalidOption(f"{self}: width and height must be at least 1.")

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"

    @property
    def pixels(self) -> int:
        """The area."""
        return self.width * self.height

    def turned(self) -> Size:
        """Return the size with width and height swapped."""
        return Size(self.height, self.width)

    def scaled(self, factor: Factor) -> Size:
        """Return both sides multiplied by a factor, to the nearest pixel."""
        sides = (floor(side * factor + HALF) for side in (self.width, self.height))
        return Size(*sides)


@dataclass(frozen=True, slots=True)
class PtsSpan:
    """A half-open range of presentation times, in ticks of the video stream: start <= pts < end.

    ``None`` leaves that side open.
    """

    start: int | None = None
    end: int | None = None

    def __contains__(self, pts: int) -> bool:
        return (self.start is None or pts >= self.start) and (self.end is None or pts < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """The part of a clip to upscale: seconds from its first frame, half-open, and a frame limit."""

    start_seconds: float = option(
        0.0, entry="asked", name="start", flags=("--start",), is_time=True,
        help="Start time: 90, 1:30, 0:01:30.5.",
    )  # fmt: skip
    end_seconds: float = option(
        inf, entry="asked", name="end", flags=("--end",), is_time=True, help="End time, exclusive."
    )
    max_frames: int | None = option(
        None, entry="asked", flags=("--max-frames",), least=1, help="Stop after this many frames."
    )

    def __post_init__(self) -> None:
        for name in ("start_seconds", "end_seconds"):
            object.__setattr__(self, name, seconds_of(getattr(self, name)))
        if not 0 <= self.start_seconds < self.end_seconds:
            raise InvalidOption(
                f"the start, {self.start_seconds:g} s, must not be negative and must come before "
                f"the end, {self.end_seconds:g} s."
            )
        check_ranges(self)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is cut off."""
        return self.start_seconds == 0 and self.end_seconds == inf and self.max_frames is None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSize:
    """The size to reach: a pure scale, or a box to fit with square pixels. Exactly one of them.

    A box is rotated for a portrait video. One side of a box may be left open (``None``).
    """

    scale: Factor | None = option(
        None, entry="resolved", flags=("-s", "--scale"), metavar="NUMBER",
        help="Enlarge by this factor: 2, 1.5, 4x.",
    )  # fmt: skip
    width: int | None = option(
        None, entry="resolved", flags=("--width",), metavar="PIXELS", least=1,
        help="Fit this width, with square pixels.",
    )  # fmt: skip
    height: int | None = option(
        None, entry="resolved", flags=("--height",), metavar="PIXELS", least=1,
        help="Fit this height, with square pixels.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        has_box = self.width is not None or self.height is not None
        if (self.scale is not None) == has_box:
            raise InvalidOption("give either a scale, or a width, a height or both.")
        if self.scale is not None:
            object.__setattr__(self, "scale", factor_of(self.scale))
            if self.scale < 1:
                raise InvalidOption(f"scale {float(self.scale):g} must be at least 1.")
        check_ranges(self)

    @property
    def label(self) -> str:
        """The size in a few letters, for the name of a file: ``1080p``, ``x2``, ``1280w``."""
        if self.scale is not None:
            return f"x{float(self.scale):g}"
        return f"{self.height}p" if self.height is not None else f"{self.width}w"


SIZE = tuple(leaf.name for leaf in options_of(OutputSize))
"""The options that choose a size."""


Dial = float | Literal["auto"]
"""A share of a flavour, 0 to 1; ``auto`` looks at the source."""

DIALS = ("strength", "sharpness")
"""The shares of a blend, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """How to blend a network with its flavours.

    Attributes:
        strength: 0 is the network itself, 1 its strongest flavour for compressed video.
        sharpness: how far to go from there to its clear flavour, 0 to 1.
    """

    strength: float = 0.0
    sharpness: float = 0.0

    def __post_init__(self) -> None:
        check_between("strength", self.strength, 0, 1)
        check_between("sharpness", self.sharpness, 0, 1)

    def __str__(self) -> str:
        values = {"strength": self.strength, "sharpness": self.sharpness}
        return ", ".join(f"{name} {value:.2f}" for name, value in values.items() if value)

    @property
    def is_plain(self) -> bool:
        """Whether it is the network itself, unchanged."""
        return self.strength == 0 and self.sharpness == 0


PLAIN = Blend()


def check_dial(name: str, value: Dial) -> None:
    """Check a share of a flavour that the source may decide.

    Raises:
        InvalidOption: neither ``auto`` nor a number from 0 to 1.
    """
    if value == "auto":
        return
    if isinstance(value, str):
        raise InvalidOption(f"{name} {value}: give a number from 0 to 1, or auto.")
    check_between(name, value, 0, 1)


Grain = float | Literal["auto", "keep", "remove"]
"""How much of the grain that the network removes is given back: keep is 1, remove 0; ``auto`` keeps
it unless the source is judged compressed."""

FREQUENCIES = 8
"""Along each axis of a spectrum: those of a DCT of 8 samples, 0 to 7/16 cycles per pixel."""

BANDS = 8
"""Ranges of luma, 32 of 256 codes each, each with a deviation of its own."""

AMOUNTS: dict[float | str, float] = {"keep": 1.0, "remove": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class GrainProfile:
    """Grain to be drawn, as it looks at the size of the source.

    Attributes:
        deviations: the standard deviation in each range of luma, in codes of 8 bits.
        spectrum: the share of the variance at each frequency, row by row; any scale.
    """

    deviations: tuple[float, ...]
    spectrum: tuple[float, ...]

    def __post_init__(self) -> None:
        sizes = (len(self.deviations), len(self.spectrum))
        if sizes != (BANDS, FREQUENCIES**2) or min(*self.deviations, *self.spectrum) < 0:
            raise InvalidOption(
                f"a grain profile needs {BANDS} deviations and {FREQUENCIES**2} shares, from 0 up."
            )

    def __str__(self) -> str:
        return f"{sum(self.deviations) / BANDS:.1f} codes"


def check_grain(value: Grain | GrainProfile) -> None:
    """Check an amount of grain.

    Raises:
        InvalidOption: no word that is known, and no number from 0 to 1.
    """
    if isinstance(value, GrainProfile) or value in ("auto", *AMOUNTS):
        return
    if isinstance(value, str):
        raise InvalidOption(f"grain {value}: give keep, remove, auto or a number from 0 to 1.")
    check_between("grain", value, 0, 1)
