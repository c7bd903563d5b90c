"""Interpolation kernels, how much a sample weighs by its distance, and resizing by them.

`imresize` is the bicubic of the standard super-resolution protocol, MATLAB's: a Catmull-Rom kernel
(a = -0.5), widened when the image shrinks so that it does not alias, with the border mirrored.
Resizing is one matrix per side.

Source: R. Keys, Cubic Convolution Interpolation for Digital Image Processing (1981), equation 4;
C. Duchon, Lanczos Filtering in One and Two Dimensions (1979).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsr.errors import InvalidOption

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kernel:
    """An interpolation kernel: its support to one side, in samples, and its values."""

    radius: float
    value: Callable[[Array], Array]


def _box(x: Array) -> Array:
    return (np.abs(x) <= 0.5).astype(np.float64)


def _triangle(x: Array) -> Array:
    x = np.abs(x)
    return np.where(x < 1, 1 - x, 0.0)


def _catmull_rom(x: Array) -> Array:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _lanczos3(x: Array) -> Array:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


BOX = Kernel(0.5, _box)
TRIANGLE = Kernel(1.0, _triangle)
"""Linear interpolation."""

CATMULL_ROM = Kernel(2.0, _catmull_rom)
"""Keys' kernel with a = -0.5: what this field calls bicubic."""

LANCZOS3 = Kernel(3.0, _lanczos3)


@lru_cache(maxsize=32)  # a training run asks for the same few sizes at every step
def resize_matrix(length: int, target: int, kernel: Kernel = CATMULL_ROM) -> Array:
    """Return the (target, length) matrix that resizes one side; its rows sum to 1. Read-only.

    Args:
        kernel: the protocol's by default.

    Raises:
        InvalidOption: a length below 1.
    """
    if length < 1 or target < 1:
        raise InvalidOption(f"{length} samples cannot be resized to {target}.")
    scale = target / length
    shrink = min(scale, 1.0)
    reach = kernel.radius / shrink
    taps = int(np.ceil(2 * reach)) + 2
    centre = (np.arange(target) + 0.5) / scale - 0.5
    first = np.floor(centre - reach)
    index = first[:, None] + np.arange(taps)
    weights = kernel.value((centre[:, None] - index) * shrink)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((target, length))
    np.add.at(matrix, (np.arange(target)[:, None], mirrored(index, length)), weights)
    matrix.setflags(write=False)
    return matrix


def mirrored(index: NDArray[Any], length: int) -> NDArray[np.int64]:
    """Return where sample ``index`` is found when ``length`` samples are mirrored beyond both ends.

    The sample at the border is repeated: -1 is 0, and ``length`` is ``length - 1``.
    """
    place = np.mod(index.astype(np.int64), 2 * length)
    inside: NDArray[np.int64] = np.minimum(place, 2 * length - 1 - place)
    return inside


def imresize(image: NDArray[Any], height: int, width: int) -> Array:
    """Resize (H, W) or (H, W, C) to ``height`` × ``width`` in float64, not rounded nor clamped.

    Raises:
        InvalidOption: a side below 1.
    """
    rows, columns = image.shape[:2]
    tall = np.tensordot(resize_matrix(rows, height), image.astype(np.float64), axes=1)
    return np.moveaxis(np.tensordot(resize_matrix(columns, width), tall, axes=(1, 1)), 0, 1)
