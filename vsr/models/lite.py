"""The network of this project for the CPU: luma only, a few narrow layers."""

from __future__ import annotations

from vsr.models.plain import Plain

LITE = (16, 4)
"""Channels and body depth of `lite`: 11 760 parameters at ×4."""


def lite(scale: int) -> Plain:
    """Return `lite`, initialised: one channel in and out, radius 6.

    Raises:
        InvalidOption: a scale other than 2 and 4.
    """
    return Plain(scale, *LITE, colour="luma")
