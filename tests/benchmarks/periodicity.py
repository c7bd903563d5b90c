"""How strongly a picture repeats with the period of a network's cells: the grid that looks woven.

Sub-pixel convolutions compute a cell of scale × scale pixels from each place, so that whatever a
network adds wrongly has frequencies that are multiples of 1/scale (A. Odena et al., Deconvolution
and Checkerboard Artifacts, 2016). In a photograph no frequency stands out from its neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW = 64
"""Pixels of a row or column that one spectrum is taken of."""

NEAR = (-4, -3, 3, 4)
"""The bins compared with a cell's frequency; those between see it through the window function."""


def periodicity(luma: NDArray[np.float64], period: int) -> float:
    """Return the power at the frequency 1/period over the mean of its neighbours'.

    Args:
        luma: (H, W), at least 64 each way, in codes.
        period: in pixels, 2 to 16.
    """
    power = _spectrum(luma) + _spectrum(luma.T)
    bin_of_period = WINDOW // period
    neighbours = [bin_of_period + step for step in NEAR if bin_of_period + step < len(power)]
    return float(power[bin_of_period] / power[neighbours].mean())


def _spectrum(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean power spectrum of windows of every eighth row, WINDOW // 2 apart."""
    windows = np.lib.stride_tricks.sliding_window_view(luma[::8], WINDOW, axis=1)[:, :: WINDOW // 2]
    centred = windows - windows.mean(axis=-1, keepdims=True)
    power = np.abs(np.fft.rfft(centred * np.hanning(WINDOW))) ** 2
    mean: NDArray[np.float64] = power.mean(axis=(0, 1))
    return mean
