"""Whether the source's pixels show as cells: steps at their borders, beside those within.

A network whose base is the nearest pixel has to round off every border. Where it does not, smooth
places get a grid, most of all in colour, which its losses hardly see. The spectrum of luma
(`tests.benchmarks.periodicity`) does not tell, since these steps are no regular pattern.
"""

from __future__ import annotations

from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.tones import planes

SMOOTH = 2.0
"""A step of Lanczos's luma below this, in codes, lies in a smooth place."""

FLOOR = 0.05
"""Codes: no mean step counts as less, as in a picture without colours."""


def steps(frames: Rgb, lanczos: Rgb, scale: int) -> dict[str, float]:
    """Return how much larger steps at the borders are than those beside, over Lanczos's.

    Args:
        frames: what a method made, (T, sH, sW, 3).
        lanczos: the same by Lanczos, which also says what is smooth.
        scale: of both, 2 or more.

    Returns:
        ``cells_luma`` and ``cells_colour``, the larger of Cb and Cr; 1 is Lanczos's.
    """
    own, base = (_steps(one, lanczos, scale) for one in (frames, lanczos))
    luma, *colours = (mine / its for mine, its in zip(own, base, strict=True))
    return {"cells_luma": luma, "cells_colour": max(colours)}


def _steps(frames: Rgb, lanczos: Rgb, scale: int) -> list[float]:
    """Return the mean step at borders over that beside them, of Y, Cb and Cr."""
    found = []
    for turned in (False, True):
        for one, base in zip(planes(frames), planes(lanczos), strict=True):
            both = (one, base) if not turned else (one.swapaxes(0, 1), base.swapaxes(0, 1))
            found.append(_across(*both, scale))
    return [fmean(values) for values in zip(*found, strict=True)]


def _across(
    picture: NDArray[np.float32], base: NDArray[np.float32], scale: int
) -> tuple[float, ...]:
    step, smooth = np.abs(np.diff(picture, axis=1)), np.abs(np.diff(base[..., 0], axis=1)) < SMOOTH
    count = picture.shape[1] // scale - 1
    before, there, after = (step[:, scale - 2 + k :: scale][:, :count] for k in range(3))
    counts = smooth[:, scale - 1 :: scale][:, :count]
    if not counts.any():
        return 1.0, 1.0, 1.0
    borders, beside = there[counts].mean(axis=0), ((before + after) / 2)[counts].mean(axis=0)
    return tuple(float(one) for one in np.maximum(borders, FLOOR) / np.maximum(beside, FLOOR))
