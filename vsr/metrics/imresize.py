"""Bicubic resizing as the standard super-resolution protocol defines it: MATLAB's ``imresize``.

A Catmull-Rom kernel (a = -0.5), widened when the image shrinks so that it does not alias, with
the border mirrored. Resizing is one matrix per side.

Source: R. Keys, Cubic Convolution Interpolation for Digital Image Processing (1981), equation 4.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsr.errors import InvalidOption

Array = NDArray[np.float64]

SUPPORT = 4.0
"""Width of the kernel in samples."""


def cubic(x: Array) -> Array:
    """Return Keys' kernel with a = -0.5 at ``x`` samples from the centre."""
    x = np.abs(x)
    inner = (1.5 * x - 2.5) * x**2 + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, inner, np.where(x <= 2, outer, 0.0))


@lru_cache(maxsize=32)  # a training run asks for the same few sizes at every step
def resize_matrix(length: int, target: int) -> Array:
    """Return the (target, length) matrix that resizes one side; its rows sum to 1. Read-only.

    Raises:
        InvalidOption: a length below 1.
    """
    if length < 1 or target < 1:
        raise InvalidOption(f"{length} samples cannot be resized to {target}.")
    scale = target / length
    shrink = min(scale, 1.0)
    taps = int(np.ceil(SUPPORT / shrink)) + 2
    centre = (np.arange(target) + 0.5) / scale - 0.5
    first = np.floor(centre - SUPPORT / shrink / 2)
    index = first[:, None] + np.arange(taps)
    weights = cubic((centre[:, None] - index) * shrink)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.mod(index.astype(np.int64), 2 * length)
    mirrored = np.minimum(mirrored, 2 * length - 1 - mirrored)
    matrix = np.zeros((target, length))
    np.add.at(matrix, (np.arange(target)[:, None], mirrored), weights)
    matrix.setflags(write=False)
    return matrix


def imresize(image: NDArray[Any], height: int, width: int) -> Array:
    """Resize (H, W) or (H, W, C) to ``height`` × ``width`` in float64, not rounded nor clamped.

    Raises:
        InvalidOption: a side below 1.
    """
    rows, columns = image.shape[:2]
    tall = np.tensordot(resize_matrix(rows, height), image.astype(np.float64), axes=1)
    return np.moveaxis(np.tensordot(resize_matrix(columns, width), tall, axes=(1, 1)), 0, 1)
