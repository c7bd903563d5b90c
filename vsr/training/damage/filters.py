"""Filters, as a square matrix for one side of a picture, and in torch for targets and losses.

The matrices are what optics, scalers and deinterlacers do: one applied to rows and another to
columns is a separable filter. Rows sum to 1, so that tones stay, and each is centred, so that
nothing moves. The others take pictures (N, C, H, W), float.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from vsr.colour import Matrix, luma_weights
from vsr.kernels import CATMULL_ROM, LANCZOS3, Array, Kernel, mirrored, resize_matrix

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


def blurred(picture: Tensor, deviation: float) -> Tensor:
    """Blur by a Gaussian; at the border it averages what is there."""
    down, right = (
        torch.from_numpy(_gaussian(side, deviation)).to(picture) for side in picture.shape[-2:]
    )
    return down @ picture @ right.T


def enlarged(low: Tensor, size: torch.Size, kernel: Kernel = LANCZOS3) -> Tensor:
    """Enlarge to (N, C, *size), by Lanczos unless told otherwise."""
    down, right = (
        torch.from_numpy(np.array(resize_matrix(there, side, kernel))).to(low)
        for there, side in zip(low.shape[-2:], size)
    )
    return down @ low @ right.T


def local_range(picture: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Return the least and the largest value within a window, odd, which ends at the border."""
    return -_largest(-picture, window), _largest(picture, window)


def luma(picture: Tensor) -> Tensor:
    """Return the luma of BT.601, (N, 1, H, W), of R'G'B' or of luma itself."""
    if picture.shape[1] == 1:
        return picture
    weights = torch.tensor(luma_weights(Matrix.SMPTE170M), device=picture.device)
    return torch.einsum("nchw,c->nhw", picture, weights.to(picture))[:, None]


def _largest(picture: Tensor, window: int) -> Tensor:
    for shape in ((window, 1), (1, window)):
        padding = (shape[0] // 2, shape[1] // 2)
        picture = F.max_pool2d(picture, shape, stride=1, padding=padding)  # pads with -inf
    return picture


@lru_cache(maxsize=16)
def _gaussian(side: int, deviation: float) -> Array:
    return gaussian(side, deviation)
