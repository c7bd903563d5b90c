"""The discrete cosine transform of small blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
"""Side of the blocks; there are as many frequencies along each axis."""

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
