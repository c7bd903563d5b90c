"""Whether a picture keeps its tones: means of neighbourhoods, and flat fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.looks.filters import gaussian
from vsr.colour import Matrix, yuv_from_rgb

Rgb = NDArray[np.uint8]

SIGMA = 13.6
"""Result pixels: neighbourhoods are weighted by a bell that is 32 pixels wide at half its height.
With square blocks of 32, an edge that is only steeper at a block's border counted as a shift."""

STEP, BORDER = 8, 16
"""Result pixels from one neighbourhood to the next, and to the border."""

QUANTILE = 0.95
FIELD_SIDE = 76
"""Source pixels a side of a flat field: more than twice the largest radius, 34."""

MIDDLE = 8
"""Result pixels on each side of a field's middle that are looked at: no border reaches them."""

FIELDS = (
    *((level, level, level) for level in range(0, 256, 15)),
    *(
        tuple(level if channel == primary else 0 for channel in range(3))
        for primary in range(3)
        for level in range(51, 256, 51)
    ),
)
"""R'G'B' codes of gray and of the primaries, dark to bright."""


def planes(rgb: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return Y, Cb and Cr of (..., 3) R'G'B' codes, all scaled to 8-bit codes of full range."""
    matrix = np.array(yuv_from_rgb(Matrix.SMPTE170M), np.float32)
    found: NDArray[np.float32] = rgb.astype(np.float32) @ matrix.T
    return found


def shifts(result: Rgb, lanczos: Rgb) -> tuple[float, float]:
    """Return the 95th percentiles of how far local means are off in luma and chroma, in codes."""
    means = np.abs(gaussian(planes(result) - planes(lanczos), SIGMA))
    means = means[BORDER:-BORDER:STEP, BORDER:-BORDER:STEP]
    luma, chroma = means[..., 0], means[..., 1:].max(axis=-1)
    return float(np.quantile(luma, QUANTILE)), float(np.quantile(chroma, QUANTILE))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatFields:
    """What becomes of pictures of one colour.

    Attributes:
        worst: the largest deviation of a mean from the colour, of any channel, in codes.
        is_exact: whether every sample of black and of white comes out as it was.
    """

    worst: float
    is_exact: bool


def flat_fields(enlarge: Callable[[Rgb], NDArray[np.float32]]) -> FlatFields:
    """Enlarge fields of gray and of the primaries, and measure their middles.

    Args:
        enlarge: (H, W, 3) codes → (sH, sW, 3) codes, neither rounded nor clamped.
    """
    worst, is_exact = 0.0, True
    for colour in FIELDS:
        field = np.broadcast_to(np.array(colour, np.uint8), (FIELD_SIDE, FIELD_SIDE, 3))
        large = enlarge(np.ascontiguousarray(field))
        rows, columns = (slice(side // 2 - MIDDLE, side // 2 + MIDDLE) for side in large.shape[:2])
        middle = np.clip(large[rows, columns], 0, 255)
        worst = max(worst, float(np.abs(middle.mean(axis=(0, 1)) - colour).max()))
        if colour in ((0, 0, 0), (255, 255, 255)):
            is_exact &= bool((np.round(middle) == colour).all())
    return FlatFields(worst=worst, is_exact=is_exact)
