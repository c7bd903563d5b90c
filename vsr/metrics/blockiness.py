"""How visible the grid of a codec's 8×8 blocks is in a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID = 8
"""The side of the blocks that JPEG, MPEG-2, MPEG-4 and H.264 transform, or the unit of their
deblocking; larger blocks of newer codecs end on the same lines."""

VISIBLE = 1.0
"""Codes: added to the usual step, so that a nearly flat frame shows no grid."""


def blockiness(luma: NDArray[Any]) -> float:
    """Return by how much steps across block borders exceed neighbouring steps, relative to them.

    A step counts by how far it exceeds its two neighbours in the same row (or column), so that a
    slope does not count, and the median border is taken, so that the edges of a caption or a bar
    do not count. The mean over both directions; 0 for a frame without a grid, and for one with
    fewer than three blocks on a side.

    Args:
        luma: (H, W) in 8-bit codes; the grid begins at its first row and column.
    """
    plane = luma.astype(np.float32)
    return (_across(plane) + _across(plane.T)) / 2


def _across(plane: NDArray[np.float32]) -> float:
    """Measure the borders between columns."""
    if plane.shape[1] < 3 * GRID:
        return 0.0
    steps = np.abs(np.diff(plane, axis=1))
    beside = (steps[:, :-2] + steps[:, 2:]) / 2
    excess = (steps[:, 1:-1] - beside).mean(axis=0)  # place i is the step from column i+1 to i+2
    is_border = (np.arange(excess.size) + 2) % GRID == 0
    difference = float(np.median(excess[is_border]) - np.median(excess[~is_border]))
    return max(0.0, difference / (float(steps.mean()) + VISIBLE))
