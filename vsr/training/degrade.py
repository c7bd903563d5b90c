"""High resolution → low resolution. Pure: the same picture gives the same result, always."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vsr.metrics.protocol import low_resolution

Pixels = NDArray[np.uint8]


def bicubic(pixels: Pixels, scale: int) -> Pixels:
    """Reduce a picture by an integer factor exactly as the standard protocol does.

    Args:
        pixels: (H, W, 3), uint8; H and W divide by ``scale``.
    """
    return low_resolution(pixels, scale)
