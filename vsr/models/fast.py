"""The networks of this project for real-time work: `fast` by default, `quality` for a GPU."""

from __future__ import annotations

from vsr.models.plain import Plain

FAST = (48, 8)
"""Channels and body depth of `fast`: 188 400 parameters at ×4."""

QUALITY = (64, 16)
"""Channels and body depth of `quality`: 620 336 parameters at ×4."""


def fast(scale: int) -> Plain:
    """Return `fast`, initialised: 48 channels, 8 body convolutions, radius 10.

    Raises:
        InvalidOption: a scale other than 2 and 4.
    """
    return Plain(scale, *FAST)


def quality(scale: int) -> Plain:
    """Return `quality`, initialised: 64 channels, 16 body convolutions, radius 18.

    Raises:
        InvalidOption: a scale other than 2 and 4.
    """
    return Plain(scale, *QUALITY)
