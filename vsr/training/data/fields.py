"""Flat fields and ramps, drawn among the patches: a network must add nothing there.

They go through camera and codec as the others do, and what is to be made of them is exactly what
they were: no teacher is asked, and tones stay.
"""

from __future__ import annotations

import numpy as np

from vsr.training.pictures import Pixels

FIELD_EVERY = 32
"""3 % of the patches."""

FLAT_SHARE = 0.5
GRAY_SHARE = 0.5
RAMP_DEVIATION = 40.0
"""How far the ends of a ramp lie apart, in codes: of a normal distribution."""


def is_field(number: int) -> bool:
    """Return whether the patch of this number is a field, in a set that has them."""
    return number % FIELD_EVERY == FIELD_EVERY - 1


def drawn_field(number: int, patch: int) -> Pixels:
    """Return the picture (3·patch, 3·patch, 3) of which a field's patch is the middle.

    Half of them are flat; half of all are gray. A ramp takes one direction; its colours are those
    of the ends of the patch, and it goes on beyond.
    """
    rng = np.random.default_rng((number, 4))
    is_flat, is_gray = rng.random(2) < (FLAT_SHARE, GRAY_SHARE)
    first = rng.integers(0, 256, 1 if is_gray else 3).astype(np.float64)
    last = first if is_flat else first + rng.normal(0, RAMP_DEVIATION, len(first))
    angle = rng.uniform(0, 2 * np.pi)
    offset = np.arange(3 * patch) - (3 * patch - 1) / 2
    way = np.sin(angle) * offset[:, None] + np.cos(angle) * offset
    share = way / (patch * (abs(np.sin(angle)) + abs(np.cos(angle)))) + 0.5
    codes = first + (last - first) * share[..., None]
    whole = np.clip(np.rint(codes), 0, 255).astype(np.uint8)
    return np.broadcast_to(whole, (*whole.shape[:2], 3))
