"""Peak signal-to-noise ratio and structural similarity.

Source: Z. Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity
(IEEE TIP 2004), equation 13: an 11×11 Gaussian window of σ 1.5, K1 = 0.01, K2 = 0.03.
"""

from __future__ import annotations

from math import inf, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

PEAK = 255.0
"""The peak of 8-bit codes, the default of all metrics here."""

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


WINDOW = 11
SIGMA = 1.5
K1 = 0.01
K2 = 0.03


def gaussian(length: int, sigma: float) -> NDArray[np.float64]:
    """Return a Gaussian of ``length`` samples that sums to 1."""
    x = np.arange(length) - (length - 1) / 2
    weights = np.exp(-(x**2) / (2 * sigma**2))
    total: float = weights.sum()
    return np.asarray(weights / total)


def ssim(
    a: NDArray[Any], b: NDArray[Any], peak: float = PEAK, *, is_zero_padded: bool = False
) -> float:
    """Return the mean SSIM of two images (H, W) or (H, W, C); channels are averaged.

    Only windows that lie wholly inside count, unless ``is_zero_padded`` surrounds the image
    with zeros, as some training code does.

    Raises:
        ValueError: the shapes differ, or a side is shorter than the window.
    """
    if a.shape != b.shape:
        raise ValueError(f"images of shapes {a.shape} and {b.shape} cannot be compared")
    if min(a.shape[:2]) < WINDOW:
        raise ValueError(
            f"an image of shape {a.shape} is smaller than the {WINDOW}×{WINDOW} window"
        )
    x, y = a.astype(np.float64), b.astype(np.float64)
    if is_zero_padded:
        margin = [(WINDOW // 2, WINDOW // 2)] * 2 + [(0, 0)] * (x.ndim - 2)
        x, y = np.pad(x, margin), np.pad(y, margin)
    mu_x, mu_y = _blurred(x), _blurred(y)
    var_x = _blurred(x * x) - mu_x**2
    var_y = _blurred(y * y) - mu_y**2
    covariance = _blurred(x * y) - mu_x * mu_y
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    luminance = (2 * mu_x * mu_y + c1) / (mu_x**2 + mu_y**2 + c1)
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return float(np.mean(luminance * structure))


def _blurred(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter with the window where it fits: (H, W, …) → (H - 10, W - 10, …)."""
    weights = gaussian(WINDOW, SIGMA)
    rows, columns = x.shape[0] - WINDOW + 1, x.shape[1] - WINDOW + 1
    down = sum(weight * x[i : i + rows] for i, weight in enumerate(weights))
    assert isinstance(down, np.ndarray)
    across = sum(weight * down[:, i : i + columns] for i, weight in enumerate(weights))
    assert isinstance(across, np.ndarray)
    return across
