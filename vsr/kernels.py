"""Interpolation kernels: how much a sample weighs by its distance.

Source: R. Keys, Cubic Convolution Interpolation for Digital Image Processing (1981), equation 4;
C. Duchon, Lanczos Filtering in One and Two Dimensions (1979).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
