"""How a network is blended with its flavours: a frozen value, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vsr.errors import InvalidOption
from vsr.option import check_between

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
