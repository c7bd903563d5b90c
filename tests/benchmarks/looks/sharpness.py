"""How sharp a picture is where its source is, and what that costs: halos, lost texture.

All pictures are luma in 8-bit codes. Results are ``scale`` times as large as the source, on the
usual grid: the centre of source sample x lies at scale * x + (scale - 1) / 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.looks.filters import box, largest

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

STEP_REACH, STEP_SHARE = 3, 0.9
"""A step: of the range within 4 samples on each side, 0.9 lies between the outermost two."""

STRONG_SHARE = 0.9
"""Strong slopes: the steepest tenth of Lanczos's."""

TEXTURE = (0.4, 0.7)
"""Weak texture: between these quantiles of the truth's gradient energy."""

DETAIL_PIXELS = 17
"""Detail is what two box windows of this side take away: finer than four source pixels."""

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


def step_edges(source: Luma) -> Both:
    """Return the sharp edges of a source between two plains: no thin line, and no texture."""
    found = [
        _steps_among(edges, one) for edges, one in zip(sharp_edges(source), (source, source.T))
    ]
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
    core = slope >= CORE * largest(slope, CORE_PIXELS)
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


def overshoot(result: Luma, lanczos: Luma, steps: Both, scale: int) -> float:
    """Return by how many codes a result leaves Lanczos's local range, on the mean beside steps.

    The range is that of a window of `RANGE_PIXELS`; places are those within half of it from the
    edge, along its row. An edge that is only steeper stays in that range.
    """
    reach = RANGE_PIXELS // 2
    near = _band(steps[0], lanczos.shape, scale, reach)
    near |= _band(steps[1], lanczos.T.shape, scale, reach).T
    above = result - largest(lanczos, RANGE_PIXELS)
    below = -largest(-lanczos, RANGE_PIXELS) - result
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


def kept_texture(result: Luma, lanczos: Luma) -> float:
    """Return how much of the weak texture that the source resolves a result keeps.

    That is the part of the result's detail that follows Lanczos's, over Lanczos's own, where the
    latter's energy is between the 40th and 70th percentile: 1 is kept, 0 is wax.
    """
    own, base = (luma - box(box(luma, DETAIL_PIXELS), DETAIL_PIXELS) for luma in (result, lanczos))
    energy = box(base**2, TEXTURE_PIXELS)
    low, high = np.quantile(energy, TEXTURE)
    weak = (energy >= low) & (energy <= high)
    return float((own * base)[weak].sum() / max(float((base**2)[weak].sum()), 1e-6))


def gradient(luma: Luma) -> Luma:
    """Return the slope at each place, in codes per pixel, by central differences."""
    down, right = np.gradient(luma)
    slope: Luma = np.hypot(down, right)
    return slope


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


def _steps_among(edges: Edges, luma: Luma) -> Edges:
    """Return the edges whose surroundings along the row are flat on both sides."""
    width = 2 * STEP_REACH + 2
    windows = np.lib.stride_tricks.sliding_window_view(luma, width, axis=1)
    first = np.clip(edges.columns - STEP_REACH, 0, windows.shape[1] - 1)
    around = windows[edges.rows, first]
    rise = (around[:, -1] - around[:, 0]) * edges.signs
    found = rise >= STEP_SHARE * (around.max(axis=1) - around.min(axis=1))
    return Edges(rows=edges.rows[found], columns=edges.columns[found], signs=edges.signs[found])


def _band(edges: Edges, shape: tuple[int, ...], scale: int, reach: int = 0) -> NDArray[np.bool_]:
    """Return which places of a result are near an edge, along its row.

    Args:
        reach: in result pixels; by default one source pixel.
    """
    near = np.zeros(shape, bool)
    first, reach = edges.columns * scale + scale - 1, reach or scale
    for row in range(scale):
        for step in range(1 - reach, reach + 1):
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
