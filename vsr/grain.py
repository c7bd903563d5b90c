"""What is asked about grain, and what a film's grain looks like: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vsr.errors import InvalidOption
from vsr.option import check_between

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
