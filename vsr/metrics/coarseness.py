"""How coarsely a picture was quantised, by how many bits it was given for what is in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsr.metrics.dct import Floats, blocks_of, transformed

MOST = 3000
"""Blocks that are looked at."""

LUMA_SHARE = 0.85
"""Of the bits of a frame in 4:2:0."""

TO_H264 = 12.0
"""What is added, so that the scale is H.264's: fitted to eighteen clips whose quantiser was read,
which it then meets within 2.5 (standard deviation)."""

QUANTISERS = np.arange(-8.0, 48.0, 1.0)


def coarseness(luma: NDArray[Any], bits_per_pixel: float) -> float:
    """Return the quantiser (QP of H.264) at which a key frame takes so many bits.

    A coefficient c costs about ½·log₂(1 + (c/step)²) bits, with a step that doubles every 6.

    Args:
        luma: (H, W) as decoded, in codes of 8 bits.
        bits_per_pixel: of the frame, worth as much as H.264's.
    """
    coefficients = _predicted(transformed(blocks_of(luma, MOST)))
    steps = 2.0 ** ((QUANTISERS - 4) / 6)
    rates = [np.log2(1 + (coefficients / step) ** 2).mean() / 2 for step in steps]
    found = np.interp(-bits_per_pixel * LUMA_SHARE, -np.array(rates) * 1.3, QUANTISERS)
    return float(found + TO_H264)


def _predicted(coefficients: Floats) -> Floats:
    """Return the coefficients with the mean of each block predicted from the block before."""
    means = coefficients[:, 0, 0]
    coefficients = coefficients.copy()
    coefficients[:, 0, 0] = np.diff(means, prepend=means[:1]) / 2
    return coefficients
