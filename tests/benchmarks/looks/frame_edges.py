"""Whether the edge of a frame shows, beyond which a network sees black.

What learned from crops whose border no loss saw draws lines along it.
"""

from __future__ import annotations

import numpy as np

from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.tones import planes

RING = 2
"""Source pixels along each side of the frame."""


def ring_error(frames: Rgb, truth: Rgb, scale: int) -> float:
    """Return the mean |error| of luma in the outermost source pixels, in codes.

    Args:
        frames: what a method made, (T, sH, sW, 3).
        truth: the same frames as they should be.
        scale: result pixels along one of the source.
    """
    error = np.abs(planes(frames)[..., 0] - planes(truth)[..., 0])
    error[:, RING * scale : -RING * scale, RING * scale : -RING * scale] = np.nan
    return float(np.nanmean(error))
