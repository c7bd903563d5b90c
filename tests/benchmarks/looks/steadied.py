"""Frames whose detail is held steady, as the program does it on luma."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.tones import planes
from vsr.frames import HostFrame, Layout
from vsr.upscaling.steady import step

GRAY = Layout(is_gray=True)


def steadied(frames: Rgb, source: Rgb) -> Rgb:
    """Return (T, sH, sW, 3) with detail that travels with its objects.

    Args:
        source: (T, H, W, 3), of which they were made.
    """
    lumas = _lumas(frames)

    def enlarged(given: Iterator[HostFrame]) -> Iterator[HostFrame]:
        for frame, luma in zip(given, lumas, strict=True):
            yield frame.with_pixels((luma,))

    given = (
        HostFrame(planes=(luma,), pts=pts, layout=GRAY) for pts, luma in enumerate(_lumas(source))
    )
    mixed = np.stack([one.planes[0] for one in step.steadied(enlarged)(given)])
    change = mixed.astype(np.int16) - lumas
    return np.clip(frames + change[..., None], 0, 255).astype(np.uint8)


def _lumas(rgb: Rgb) -> NDArray[np.uint8]:
    """Return whole codes of full range."""
    found: NDArray[np.uint8] = np.rint(planes(rgb)[..., 0]).astype(np.uint8)
    return found
