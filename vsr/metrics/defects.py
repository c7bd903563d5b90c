"""What a codec leaves in a film: the visible grid of its blocks, and coarse quantisation.

Both are found in blocks of 8×8 samples, which codecs transform; so is `noise`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
"""Side of the blocks, with as many frequencies along each axis. It is what JPEG, MPEG-2, MPEG-4 and
H.264 transform, or the unit of their deblocking; larger blocks of newer codecs end on the same
lines."""

Floats = NDArray[np.float64]


def dct_basis() -> Floats:
    """Return the orthonormal DCT-II of `BLOCK` samples: (frequency, sample)."""
    frequency, sample = np.arange(BLOCK)[:, None], np.arange(BLOCK)
    basis = np.cos(np.pi * (2 * sample + 1) * frequency / (2 * BLOCK)) * np.sqrt(2 / BLOCK)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, np.float64)


def blocks_of(plane: NDArray[Any], most: int) -> Floats:
    """Return the blocks of a frame (N, BLOCK, BLOCK); of a large one, those of some of its rows.

    Args:
        most: about how many blocks are enough.
    """
    rows, columns = (side // BLOCK for side in plane.shape)
    step = max(1, rows * columns // most)
    cut = plane[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    tiles: Floats = cut[::step].transpose(0, 2, 1, 3).reshape(-1, BLOCK, BLOCK).astype(np.float64)
    return tiles


def transformed(blocks: Floats) -> Floats:
    """Return the DCT of blocks (N, BLOCK, BLOCK)."""
    basis = dct_basis()
    down = (basis @ blocks.transpose(1, 0, 2).reshape(BLOCK, -1)).reshape(BLOCK, -1, BLOCK)
    coefficients: Floats = (down @ basis.T).transpose(1, 0, 2)
    return coefficients


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
    if plane.shape[1] < 3 * BLOCK:
        return 0.0
    steps = np.abs(np.diff(plane, axis=1))
    beside = (steps[:, :-2] + steps[:, 2:]) / 2
    excess = (steps[:, 1:-1] - beside).mean(axis=0)  # place i is the step from column i+1 to i+2
    is_border = (np.arange(excess.size) + 2) % BLOCK == 0
    difference = float(np.median(excess[is_border]) - np.median(excess[~is_border]))
    return max(0.0, difference / (float(steps.mean()) + VISIBLE))


MOST = 3000
"""Blocks that are looked at."""

LUMA_SHARE = 0.85
"""Luma's share of the bits of a frame in 4:2:0."""

TO_H264 = 12.0
"""What is added, so that the scale is H.264's: fitted to eighteen clips whose quantiser was read,
which it then meets within 2.5 (standard deviation)."""

QUANTISERS = np.arange(-8.0, 48.0, 1.0)


def coarseness(luma: NDArray[Any], bits_per_pixel: float) -> float:
    """Return the quantiser (QP of H.264) at which a key frame takes so many bits.

    A coefficient c costs about ½·log₂(1 + (c/step)²) bits, with a step that doubles every 6.

    Args:
        luma: (H, W) as decoded, in codes of 8 bits.
        bits_per_pixel: of the frame, worth as much as H.264's.
    """
    coefficients = _predicted(transformed(blocks_of(luma, MOST)))
    steps = 2.0 ** ((QUANTISERS - 4) / 6)
    rates = [np.log2(1 + (coefficients / step) ** 2).mean() / 2 for step in steps]
    found = np.interp(-bits_per_pixel * LUMA_SHARE, -np.array(rates) * 1.3, QUANTISERS)
    return float(found + TO_H264)


def _predicted(coefficients: Floats) -> Floats:
    """Return the coefficients with the mean of each block predicted from the block before."""
    means = coefficients[:, 0, 0]
    coefficients = coefficients.copy()
    coefficients[:, 0, 0] = np.diff(means, prepend=means[:1]) / 2
    return coefficients
