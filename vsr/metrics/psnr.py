"""Peak signal-to-noise ratio."""

from __future__ import annotations

from math import inf, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

PEAK = 255.0
"""Of 8-bit codes, the default of all metrics here."""

CEILING_DB = 100.0
"""What identical images count as in a report: a mean needs a number, JSON has no infinity."""


def mse(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the mean squared error of two arrays of one shape, computed in float64.

    Raises:
        ValueError: the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"images of shapes {a.shape} and {b.shape} cannot be compared")
    return float(np.mean(np.square(a.astype(np.float64) - b.astype(np.float64))))


def psnr(a: NDArray[Any], b: NDArray[Any], peak: float = PEAK) -> float:
    """Return 10·log10(peak² / MSE) in dB; infinite for identical arrays.

    Raises:
        ValueError: the shapes differ.
    """
    return psnr_of_mse(mse(a, b), peak)


def psnr_of_mse(error: float, peak: float = PEAK) -> float:
    """Return the PSNR in dB that belongs to a mean squared error."""
    return 10 * log10(peak**2 / error) if error > 0 else inf
