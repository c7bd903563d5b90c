"""Interpolation kernels, and the taps and phases that they become along an axis.

Source: R. Keys, Cubic convolution interpolation (1981), a = -0.5 (Catmull-Rom).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsr.upscaling.axis import Axis

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kernel:
    """An interpolation kernel: its support to one side, in samples, and its values."""

    radius: float
    value: Callable[[Floats], Floats]


def _catmull_rom(x: Floats) -> Floats:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos3(x: Floats) -> Floats:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


CATMULL_ROM = Kernel(2.0, _catmull_rom)
LANCZOS3 = Kernel(3.0, _lanczos3)


def taps(axis: Axis, kernel: Kernel) -> tuple[NDArray[np.int64], Floats]:
    """Return indices and weights, both (target, count).

    Target sample j is the sum of weights[j] · source[indices[j]]; the weights of a sample sum to 1,
    and those of positions outside the source are 0.
    """
    stretch = max(1.0, axis.step)
    reach = kernel.radius * stretch
    centre = axis.start + axis.step * np.arange(axis.target)
    count = int(np.ceil(2 * reach)) + 1
    first = np.ceil(centre - reach).astype(np.int64)
    indices = first[:, None] + np.arange(count)
    weights = kernel.value((indices - centre[:, None]) / stretch)
    weights[(indices < 0) | (indices >= axis.source)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.flatnonzero(np.abs(weights).max(axis=0) > 0)
    kept = slice(used[0], used[-1] + 1)
    return np.clip(indices[:, kept], 0, axis.source - 1), weights[:, kept]


def phases(axis: Axis, kernel: Kernel) -> tuple[Floats, Floats]:
    """Return the weights of each phase (factor, taps) and what renormalises each target sample."""
    factor = axis.factor
    centres = axis.start + axis.step * np.arange(factor)
    reach = int(np.ceil(kernel.radius + np.abs(centres).max()))
    taps_at = np.arange(-reach, reach + 1)
    weights = kernel.value(taps_at - centres[:, None])
    used = np.flatnonzero(np.abs(weights).max(axis=0) > 0)
    reach = int(np.abs(taps_at[used]).max())
    weights = weights[:, np.abs(taps_at) <= reach]
    weights /= weights.sum(axis=1, keepdims=True)
    inside = np.zeros(axis.source + 2 * reach)
    inside[reach : reach + axis.source] = 1.0
    windows = np.lib.stride_tricks.sliding_window_view(inside, 2 * reach + 1)
    return weights, 1.0 / (windows @ weights.T).ravel()[: axis.target]
