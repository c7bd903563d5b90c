"""An image as one frame of full-range 4:4:4 (or gray) at 16 bits, and back.

At that depth 8-bit codes come back exactly.
"""

from __future__ import annotations

import numpy as np

from vsr.colour import Colour, Matrix, Range, rgb_from_yuv, yuv_from_rgb
from vsr.frames import HostFrame, Layout
from vsr.media.images.deep_images import MOST, DeepCodes

FULL = Colour(matrix=Matrix.BT709, range=Range.FULL)


def frame_of(codes: DeepCodes) -> HostFrame:
    """Return a frame of (rows, columns[, 3]) codes."""
    if codes.ndim == 2:
        layout = Layout(bits=16, x_shift=0, y_shift=0, is_gray=True)
        return HostFrame(planes=(codes,), pts=0, layout=layout, colour=FULL)
    yuv = codes / MOST @ np.array(yuv_from_rgb(Matrix.BT709)).T * MOST
    yuv[..., 1:] += 1 << 15
    whole = np.clip(np.round(yuv), 0, MOST).astype(np.uint16)
    planes = tuple(np.ascontiguousarray(whole[..., index]) for index in range(3))
    layout = Layout(bits=16, x_shift=0, y_shift=0)
    return HostFrame(planes=planes, pts=0, layout=layout, colour=FULL)


def codes_of(frame: HostFrame) -> DeepCodes:
    """Return the codes of a frame that `frame_of` or the engine made."""
    if frame.layout.is_gray:
        return np.array(frame.planes[0], dtype=np.uint16)
    yuv = np.stack(frame.planes, axis=2).astype(np.float64)
    yuv[..., 1:] -= 1 << 15
    rgb = yuv @ np.array(rgb_from_yuv(Matrix.BT709)).T
    codes: DeepCodes = np.clip(np.round(rgb), 0, MOST).astype(np.uint16)
    return codes
