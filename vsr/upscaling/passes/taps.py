"""Catmull-Rom along an axis: the taps of each sample, or the phases of an enlargement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vsr.kernels import CATMULL_ROM, Array
from vsr.upscaling.passes.axis import Axis


def taps(axis: Axis) -> tuple[NDArray[np.int64], Array]:
    """Return indices and weights, both (target, count).

    Target sample j is the sum of weights[j] · source[indices[j]]; the weights of a sample sum to 1,
    and those of positions outside the source are 0.
    """
    stretch = max(1.0, axis.step)
    reach = CATMULL_ROM.radius * stretch
    centre = axis.start + axis.step * np.arange(axis.target)
    count = int(np.ceil(2 * reach)) + 1
    first = np.ceil(centre - reach).astype(np.int64)
    indices = first[:, None] + np.arange(count)
    weights = CATMULL_ROM.value((indices - centre[:, None]) / stretch)
    weights[(indices < 0) | (indices >= axis.source)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.flatnonzero(np.abs(weights).max(axis=0) > 0)
    kept = slice(used[0], used[-1] + 1)
    return np.clip(indices[:, kept], 0, axis.source - 1), weights[:, kept]


def phases(axis: Axis) -> tuple[Array, Array]:
    """Return the weights of each phase (factor, taps) and what renormalises each target sample."""
    factor = axis.factor
    centres = axis.start + axis.step * np.arange(factor)
    reach = int(np.ceil(CATMULL_ROM.radius + np.abs(centres).max()))
    taps_at = np.arange(-reach, reach + 1)
    weights = CATMULL_ROM.value(taps_at - centres[:, None])
    used = np.flatnonzero(np.abs(weights).max(axis=0) > 0)
    reach = int(np.abs(taps_at[used]).max())
    weights = weights[:, np.abs(taps_at) <= reach]
    weights /= weights.sum(axis=1, keepdims=True)
    inside = np.zeros(axis.source + 2 * reach)
    inside[reach : reach + axis.source] = 1.0
    windows = np.lib.stride_tricks.sliding_window_view(inside, 2 * reach + 1)
    return weights, 1.0 / (windows @ weights.T).ravel()[: axis.target]
