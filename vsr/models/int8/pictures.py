"""The pictures that ranges are taken from: drawn here, the same everywhere, of three kinds.

*Scenes* are dead leaves, opaque shapes of all sizes one over the other, whose statistics are those
of photographs; *hard* ones are what no camera makes; *flat* ones are fields and slow ramps.

Source: A. Lee, D. Mumford, J. Huang, Occlusion Models for Natural Images (IJCV 2001).
"""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

SIDE = 48
"""Pixels; a network's radius is 6 to 18."""

SCENES = 24
LEAVES = 160
FINER = 3
"""A scene is drawn this many times larger, and averaged."""

Array = NDArray[np.uint8]
Floats = NDArray[np.float64]

PRIMARIES = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)], np.float64)


@cache
def scenes() -> Array:
    """Return pictures (N, 3, `SIDE`, `SIDE`) that resemble photographs."""
    rng = np.random.Generator(np.random.PCG64(1))
    return _codes([_scene(rng, index) for index in range(SCENES)])


@cache
def hard() -> Array:
    """Return checkerboards, lines, dots, steps and noise, gray and of primaries."""
    y, x = np.mgrid[:SIDE, :SIDE]
    masks = [(y // p + x // p) % 2 for p in (1, 2, 3)]
    masks += [along // p % 2 for along in (x, y) for p in (1, 2)]
    masks += [x % 8 == 0, x % 8 != 0, (x % 6 == 0) & (y % 6 == 0), (x + y) % 4 < 2, x + y < SIDE]
    gray = [np.repeat(np.asarray(mask, np.float64)[..., None], 3, 2) for mask in masks]
    pairs = list(combinations(PRIMARIES, 2))[::2]
    tinted = [_mix(masks[index % 3], *pair) for index, pair in enumerate(pairs)]
    rng = np.random.Generator(np.random.PCG64(2))
    noise = [rng.random((SIDE, SIDE, 3)), np.repeat(rng.random((SIDE, SIDE, 1)), 3, 2)]
    return _codes([*gray, *tinted, *noise, *(np.round(each) for each in noise)])


@cache
def flat() -> Array:
    """Return fields and slow ramps, dark ones too."""
    rng = np.random.Generator(np.random.PCG64(3))
    grays = [np.full((SIDE, SIDE, 3), level) for level in np.linspace(0.0, 1.0, 11)]
    ramp = np.broadcast_to(np.linspace(0.0, 1.0, SIDE)[None, :, None], (SIDE, SIDE, 3))
    slow = [low + (high - low) * ramp for low, high in ((0.0, 1.0), (0.0, 0.15), (0.4, 0.6))]
    tints = [np.broadcast_to(rng.random(3), (SIDE, SIDE, 3)) for _ in range(8)]
    return _codes([*grays, *slow, *tints, *(tint * ramp for tint in tints[:4])])


def _scene(rng: np.random.Generator, index: int) -> Floats:
    """Return leaves over leaves, coarser or finer from one picture to the next."""
    side = SIDE * FINER
    picture = np.full((side, side, 3), rng.random(3))
    for _ in range(LEAVES):
        radius = FINER * 0.5 / (rng.random() + 0.5 / SIDE)  # sizes as 1 / r³ in area
        centre, (turn, thin) = rng.random(2) * side, rng.random(2)
        top, left = (int(max(at - 2.4 * radius, 0)) for at in centre)
        bottom, right = (int(min(at + 2.4 * radius, side)) + 1 for at in centre)
        rows, columns = np.arange(top, min(bottom, side)), np.arange(left, min(right, side))
        dy, dx = rows[:, None] - centre[0], columns - centre[1]
        along = np.cos(np.pi * turn) * dx + np.sin(np.pi * turn) * dy
        across = np.cos(np.pi * turn) * dy - np.sin(np.pi * turn) * dx
        inside = along**2 + (across / (0.2 + thin)) ** 2 < (2 * radius) ** 2
        shade = 1.0 + (rng.random() - 0.5) * along[inside] / side
        colour = np.clip(rng.random() + (rng.random(3) - 0.5) * 0.7, 0.0, 1.0)
        picture[top:bottom, left:right][inside] = shade[:, None] * colour
    small = picture.reshape(SIDE, FINER, SIDE, FINER, 3).mean((1, 3))
    grain = rng.normal(size=small.shape) * (0.0, 0.01, 0.03)[index % 3]
    low, span = ((0.0, 1.0), (0.0, 0.4), (0.3, 0.6), (0.1, 0.9))[index % 4]
    return np.asarray(low + span * (small + grain))


def _mix(mask: NDArray[np.int_], one: Floats, other: Floats) -> Floats:
    return np.where(np.asarray(mask, bool)[..., None], one, other)


def _codes(pictures: list[Floats]) -> Array:
    codes = np.clip(np.round(np.stack(pictures) * 255.0), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(codes.transpose(0, 3, 1, 2))
