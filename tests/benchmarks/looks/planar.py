"""8-bit R'G'B' pictures, and the 4:2:0 planes that codecs take and give."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.video_clips import Planes, planes_of
from vsr.colour import Codes, Matrix, Range, guessed_matrix, rgb_from_yuv, yuv_from_rgb

Rgb = NDArray[np.uint8]
CODES = Codes.of(8, Range.LIMITED)


def rgb_of_frame(frame: av.VideoFrame, *, halved: bool = False) -> Rgb:
    """Return a decoded frame of any format; what was not tagged is guessed as players do."""
    matrix = int(frame.colorspace)
    if matrix not in (Matrix.BT709, Matrix.BT2020_NCL):
        is_tagged = matrix in (Matrix.BT470BG, Matrix.SMPTE170M)
        matrix = Matrix.SMPTE170M if is_tagged else guessed_matrix(frame.width, frame.height)
    return rgb_from_planes(planes_of(frame, halved=halved), matrix)


def rgb_from_planes(planes: Planes, matrix: int = Matrix.SMPTE170M) -> Rgb:
    """Return (H, W, 3) of planes whose chroma lies on every other luma sample of a row."""
    y = (planes[0].astype(np.float32) - CODES.luma_offset) / CODES.luma_scale
    chroma = [
        _spread((plane.astype(np.float32) - CODES.chroma_offset) / CODES.chroma_scale)
        for plane in planes[1:]
    ]
    rgb = np.stack((y, *chroma), axis=-1) @ np.array(rgb_from_yuv(matrix), np.float32).T
    codes: Rgb = np.clip(np.round(255 * rgb), 0, 255).astype(np.uint8)
    return codes


def planes_from_rgb(rgb: Rgb) -> Planes:
    """Return the planes of a picture with even sides, with the matrix of SMPTE 170M."""
    amplitudes = rgb.astype(np.float32) / 255 @ np.array(yuv_from_rgb(Matrix.SMPTE170M)).T
    y = CODES.luma_offset + CODES.luma_scale * amplitudes[..., 0]
    u, v = (
        CODES.chroma_offset + CODES.chroma_scale * _gathered(amplitudes[..., channel])
        for channel in (1, 2)
    )
    y, u, v = (np.clip(np.round(plane), 0, 255).astype(np.uint8) for plane in (y, u, v))
    return y, u, v


def _spread(chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolate linearly to twice the sides: cosited along rows, between rows down columns."""
    padded = np.pad(chroma, ((1, 1), (0, 1)), mode="edge")
    middle, above, below = padded[1:-1], padded[:-2], padded[2:]
    rows = np.stack((0.75 * middle + 0.25 * above, 0.75 * middle + 0.25 * below), axis=1)
    rows = rows.reshape(2 * len(chroma), -1)
    pairs = np.stack((rows[:, :-1], (rows[:, :-1] + rows[:, 1:]) / 2), axis=2)
    return pairs.reshape(len(rows), -1)


def _gathered(chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reduce to half the sides, sited as `_spread` expects."""
    rows = (chroma[::2] + chroma[1::2]) / 2
    padded = np.pad(rows, ((0, 0), (1, 1)), mode="edge")
    return (padded[:, :-2:2] + 2 * padded[:, 1:-1:2] + padded[:, 2::2]) / 4
