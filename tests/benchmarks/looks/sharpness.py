"""How sharp a picture is where its source is, and what that costs: halos, lost texture.

All pictures are luma in 8-bit codes. Results are ``scale`` times as large as the source, on the
usual grid: the centre of source sample x lies at scale * x + (scale - 1) / 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

Luma = NDArray[np.float32]

SHARP_WIDTH = 2.0
"""Pixels of the source: an edge is sharp if contrast over steepest step is no more than this."""

SHARP_CONTRAST = 32.0
"""Codes across a sharp edge: above noise and the ringing of codecs."""

SOFT_WIDTH, SOFT_CONTRAST = 4.0, 20.0
"""The same for an edge out of focus."""

REACH = 8
"""Steps to each side that may belong to one edge."""

FEWEST_EDGES = 40
"""Below this a clip's figure says little, and is left out."""

CORE, CORE_PIXELS = 0.7, 9
"""The middle of an edge: slopes of at least 0.7 of the steepest in a window of 9 result pixels."""

RANGE_PIXELS = 17
"""The side of the window in which Lanczos's own range is taken, in result pixels."""

HALO_PIXELS = 9
"""The side of the window around strong edges in which overshoot is looked for."""

STRONG_SHARE, STRONG_SLOPE = 0.9, 2.0
"""Strong edges: the steepest tenth of Lanczos's slopes, and at least 2 codes a pixel."""

TEXTURE = (0.4, 0.7)
"""Weak texture: between these quantiles of the truth's gradient energy."""

TEXTURE_PIXELS = 9
"""The side of the window over which that energy is averaged before places are ranked."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edges:
    """Edges that run down a picture, each between two neighbouring samples of a row.

    Attributes:
        rows: of the samples.
        columns: of the left sample.
        signs: 1 where it gets brighter to the right, else -1.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    signs: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)


Both = tuple[Edges, Edges]
"""Edges of a picture, and of its transpose."""


def sharp_edges(source: Luma) -> Both:
    """Return the edges of a source that are at most `SHARP_WIDTH` wide."""
    found = [_edges(one, SHARP_CONTRAST, (0.0, SHARP_WIDTH)) for one in (source, source.T)]
    return found[0], found[1]


def soft_edges(source: Luma) -> Both:
    """Return the edges of a source that are out of focus: at least `SOFT_WIDTH` wide."""
    found = [
        _edges(_smoothed(one), SOFT_CONTRAST, (SOFT_WIDTH, np.inf)) for one in (source, source.T)
    ]
    return found[0], found[1]


def acutance(result: Luma, lanczos: Luma, edges: Both, scale: int) -> float:
    """Return the mean slope of a result at sharp edges, over that of Lanczos's there.

    Places are within one source pixel of an edge that is sharp in the source, where Lanczos's slope
    is at least `CORE` of the steepest beside it: the middle of each edge.
    """
    slope = gradient(lanczos)
    core = slope >= CORE * _largest(slope, CORE_PIXELS)
    near = _band(edges[0], lanczos.shape, scale) | _band(edges[1], lanczos.T.shape, scale).T
    places = core & near
    return float(gradient(result)[places].mean() / slope[places].mean())


def steepest_tenth(result: Luma, lanczos: Luma) -> float:
    """Return the mean slope of a result where Lanczos's is steepest, over Lanczos's own there.

    No edge is asked whether it is sharp in the source: the figure of ``look.py``, in which the
    first aims were set.
    """
    slope = gradient(lanczos)
    steep = slope >= np.quantile(slope, STRONG_SHARE)
    return float(gradient(result)[steep].mean() / max(float(slope[steep].mean()), 1e-6))


def focus(result: Luma, lanczos: Luma, edges: Both, scale: int) -> float:
    """Return the slope of a result across edges out of focus, over that of Lanczos.

    Differences are taken across one source pixel, in the direction of the edge, so that noise
    averages out.
    """
    rises = [
        sum(_rise(one, own, scale) for one, own in zip((luma, luma.T), edges))
        for luma in (result, lanczos)
    ]
    return rises[0] / rises[1]


def overshoot(result: Luma, lanczos: Luma) -> float:
    """Return by how many codes a result leaves Lanczos's local range, on the mean at strong edges.

    The range is that of a window of `RANGE_PIXELS`; places are those up to `HALO_PIXELS` // 2 from
    Lanczos's steepest slopes. An edge that is only steeper stays in that range.
    """
    slope = gradient(lanczos)
    strong = slope >= max(float(np.quantile(slope, STRONG_SHARE)), STRONG_SLOPE)
    if not strong.any():
        return 0.0
    near = _largest(strong.astype(np.float32), HALO_PIXELS) > 0
    above = result - _largest(lanczos, RANGE_PIXELS)
    below = -_largest(-lanczos, RANGE_PIXELS) - result
    excess = np.maximum(np.maximum(above, below), 0.0)
    return float(excess[near].mean())


def weak_texture(result: Luma, truth: Luma) -> float:
    """Return the gradient energy of a result where the truth's texture is weak, over the truth's.

    Such places are the 40th to 70th percentile of the truth's energy, averaged over windows of
    `TEXTURE_PIXELS`.
    """
    energy = box(gradient(truth) ** 2, TEXTURE_PIXELS)
    low, high = np.quantile(energy, TEXTURE)
    weak = (energy >= low) & (energy <= high)
    own = box(gradient(result) ** 2, TEXTURE_PIXELS)
    return float(own[weak].mean() / max(float(energy[weak].mean()), 1e-6))


def gradient(luma: Luma) -> Luma:
    """Return the slope at each place, in codes per pixel, by central differences."""
    down, right = np.gradient(luma)
    slope: Luma = np.hypot(down, right)
    return slope


def box(values: Luma, side: int) -> Luma:
    """Return means over square windows of an odd side; smaller ones at the border."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))[None, None]
    pad = side // 2
    for kernel, padding in (((side, 1), (pad, 0)), ((1, side), (0, pad))):
        tensor = F.avg_pool2d(tensor, kernel, 1, padding, count_include_pad=False)
    mean: Luma = tensor[0, 0].numpy()
    return mean


def _largest(values: Luma, side: int) -> Luma:
    """Return maxima over square windows of an odd side."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))[None, None]
    for kernel, padding in (((side, 1), (side // 2, 0)), ((1, side), (0, side // 2))):
        tensor = F.max_pool2d(tensor, kernel, 1, padding)
    found: Luma = tensor[0, 0].numpy()
    return found


def _smoothed(luma: Luma) -> Luma:
    """Blur a little along rows, so that noise does not end a long slope."""
    padded = np.pad(luma, ((0, 0), (1, 1)), mode="edge")
    smooth: Luma = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return smooth


def _edges(luma: Luma, least_contrast: float, widths: tuple[float, float]) -> Edges:
    """Return the steepest step of each monotonic slope of enough contrast."""
    step = np.diff(luma, axis=1)
    size, sign = np.abs(step), np.sign(step).astype(np.float32)
    padded = np.pad(step, ((0, 0), (REACH, REACH)))
    width = step.shape[1]
    left, right = (padded[:, REACH + by : REACH + by + width] * sign for by in (-1, 1))
    contrast = size.copy()
    for direction in (-1, 1):
        belongs = np.ones_like(step, dtype=bool)
        for by in range(1, REACH + 1):
            first = REACH + direction * by
            further = padded[:, first : first + width] * sign
            belongs &= further > 0
            contrast += np.where(belongs, further, 0.0)
    across = np.abs(np.gradient(luma, axis=0))
    across = (across[:, :-1] + across[:, 1:]) / 2
    upright = size >= across  # a flatter edge is found in the transpose
    lean = size / np.maximum(np.hypot(size, across), 1e-6)
    breadth = contrast / np.maximum(size, 1e-6) * lean
    found = (size > left) & (size >= right) & upright & (contrast >= least_contrast)
    found &= (breadth >= widths[0]) & (breadth <= widths[1])
    found[:, :2] = found[:, -2:] = False
    found[:2] = found[-2:] = False
    rows, columns = np.nonzero(found)
    return Edges(rows=rows, columns=columns, signs=sign[rows, columns])


def _band(edges: Edges, shape: tuple[int, ...], scale: int) -> NDArray[np.bool_]:
    """Return which places of a result are within one source pixel of an edge, along its row."""
    near = np.zeros(shape, bool)
    first = edges.columns * scale + scale - 1  # the pixel left of the edge's centre
    for row in range(scale):
        for step in range(1 - scale, scale + 1):
            near[edges.rows * scale + row, np.clip(first + step, 0, shape[1] - 1)] = True
    return near


def _rise(luma: Luma, edges: Edges, scale: int) -> float:
    """Return the sum of differences across one source pixel at each edge, along its sign."""
    first, half = edges.columns * scale + scale - 1, scale // 2
    total = 0.0
    for row in range(scale):
        lines = edges.rows * scale + row
        rise = luma[lines, first + half] - luma[lines, first + 1 - half]
        total += float((rise * edges.signs).sum())
    return total
