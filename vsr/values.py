"""Frozen values that specs hold: sizes, times, how a network is blended, and grain.

They check themselves and import no library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor, inf
from numbers import Real
from types import MappingProxyType
from typing import Literal

from vsr.errors import InvalidOption
from vsr.notation import HALF, Factor, factor_of, pixels_of, seconds_of
from vsr.option import check_between, check_ranges, option, options_of


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
class CropBox:
    """The part of a stored frame that is kept: its size, and its top left corner, in pixels."""

    size: Size
    x: int
    y: int

    @classmethod
    def read(cls, text: str) -> CropBox:
        """Return the box that ``W:H:X:Y`` means, as in other tools.

        Raises:
            InvalidOption: it means none.
        """
        parts = text.strip().split(":")
        if len(parts) != 4 or not all(part.isdecimal() for part in parts):
            raise InvalidOption(f"crop {text}: write W:H:X:Y, such as 1920:800:0:140, or auto.")
        width, height, x, y = map(int, parts)
        return cls(Size(width, height), x, y)

    def __str__(self) -> str:
        return f"{self.size.width}:{self.size.height}:{self.x}:{self.y}"


@dataclass(frozen=True, slots=True)
class PtsSpan:
    """A half-open range of presentation times, in ticks of the video stream: start <= pts < end.

    ``None`` leaves that side open.
    """

    start: int | None = None
    end: int | None = None

    def __contains__(self, pts: int) -> bool:
        return (self.start is None or pts >= self.start) and (self.end is None or pts < self.end)


EVERYTHING = PtsSpan()

Deinterlace = Literal["auto", "bob", "film", "off", "refuse"]

FRAME_RATIOS: Mapping[Deinterlace, Fraction] = MappingProxyType(
    {"bob": Fraction(2), "film": Fraction(4, 5)}
)
"""Frames that leave the deinterlacer for each that comes, where they are not as many."""

FINER: Mapping[Deinterlace, int] = MappingProxyType({"bob": 2, "film": 4})
"""Ticks of the output's clock to one of the source's: so many that every new time is exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """The part of a clip to upscale: seconds from its first frame, half-open, and a frame limit."""

    start_seconds: float = option(
        0.0, entry="asked", is_for_films=True, name="start", flags=("--start",), is_time=True,
        help="Start time: 90, 1:30, 0:01:30.5.",
    )  # fmt: skip
    end_seconds: float = option(
        inf, entry="asked", is_for_films=True, name="end", flags=("--end",), is_time=True,
        help="End time, exclusive.",
    )  # fmt: skip
    max_frames: int | None = option(
        None, entry="asked", is_for_films=True, flags=("--max-frames",), least=1,
        help="Stop after this many frames.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name in ("start_seconds", "end_seconds"):
            object.__setattr__(self, name, seconds_of(getattr(self, name)))
        if self.start_seconds < 0:
            raise InvalidOption(f"the start, {self.start_seconds:g} s, must not be negative.")
        if not self.start_seconds < self.end_seconds:
            raise InvalidOption(
                f"the start, {self.start_seconds:g} s, must come before the end, "
                f"{self.end_seconds:g} s."
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
        for name in ("width", "height"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, pixels_of(getattr(self, name)))
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
    if value is None or isinstance(value, str):
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
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InvalidOption(f"grain {value}: give keep, remove, auto or a number from 0 to 1.")
