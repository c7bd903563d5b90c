"""What optics, scalers and deinterlacers do to one side of a picture, each as a square matrix.

Applying one to rows and another to columns is a separable filter. Rows sum to 1, so that tones
stay, and each is centred, so that nothing moves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vsr.kernels import CATMULL_ROM, Array, Kernel
from vsr.metrics.imresize import mirrored, resize_matrix

SINC_REACH = 6
"""Samples to one side of a windowed sinc: long enough to ring visibly."""


def gaussian(side: int, deviation: float) -> Array:
    """Return the (side, side) matrix of a Gaussian blur; a deviation of 0 changes nothing."""
    if deviation == 0:
        return np.eye(side)
    distance = np.arange(side)[:, None] - np.arange(side)
    return _normalised(np.exp(-0.5 * (distance / deviation) ** 2))


def resampled(side: int, fewer: int, down: Kernel, up: Kernel = CATMULL_ROM) -> Array:
    """Return the (side, side) matrix that reduces to ``fewer`` samples and enlarges again."""
    there, back = resize_matrix(side, fewer, down), resize_matrix(fewer, side, up)
    both: Array = back @ there
    return both


def low_pass(side: int, cut: float) -> Array:
    """Return the (side, side) matrix of a sharp low-pass filter, which rings.

    Args:
        cut: the highest frequency that passes, as a share of Nyquist's.
    """
    taps = np.arange(-SINC_REACH, SINC_REACH + 1)
    window = np.cos(0.5 * np.pi * taps / (SINC_REACH + 1))
    return _spread(side, taps, np.sinc(cut * taps) * window)


def one_field(side: int, parity: int) -> Array:
    """Return the (side, side) matrix that keeps every other line and interpolates the rest.

    It is what a simple deinterlacer does: lines of ``parity`` stay, the others become the mean of
    their neighbours.
    """
    matrix = _spread(side, np.array([-1, 1]), np.array([0.5, 0.5]))
    matrix[parity::2] = np.eye(side)[parity::2]
    return matrix


def _spread(side: int, taps: NDArray[np.int64], weights: Array) -> Array:
    """Return the matrix of a filter of few taps; beyond the ends samples are mirrored."""
    index = mirrored(np.arange(side)[:, None] + taps, side)
    matrix = np.zeros((side, side))
    np.add.at(matrix, (np.arange(side)[:, None], index), weights)
    return _normalised(matrix)


def _normalised(matrix: Array) -> Array:
    rows: Array = matrix / matrix.sum(axis=1, keepdims=True)
    return rows
