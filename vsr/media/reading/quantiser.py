"""How coarsely a frame was quantised, as its decoder tells: on the scale of H.264.

FFmpeg's decoders of H.264, VP9 and the MPEG family export it on request; those of HEVC and AV1 do
not. Source: FFmpeg, libavutil/video_enc_params.h.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from math import log2
from types import MappingProxyType
from typing import Any

import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from vsr.media.frames.tags import side_data_of

REQUEST: Mapping[str, str] = MappingProxyType({"export_side_data": "venc_params"})
"""The decoder's option; to be set before it opens."""

HEAD = struct.Struct("=I4xQQii")
"""Blocks, their offset and size in bytes, the codec's family, the quantiser of the frame."""

DELTA = 4
"""Which 32-bit number of a block is the difference of its quantiser from the frame's."""

VP9, H264, MPEG = range(3)
"""The codec's family, as FFmpeg numbers it; that of MPEG tells steps, twice its scale."""

VP9_STEPS = ((0, 4), (95, 102), (120, 155), (150, 245), (180, 400), (205, 650), (230, 1080))
"""Index → step of an AC coefficient, in eighths; linear between: from libvpx's ``ac_qlookup``."""


def quantiser_of(frame: VideoFrame, bits: int) -> float | None:
    """Return the mean quantiser of a frame, as H.264's QP at 8 bits; None if it is not told.

    Args:
        bits: of the frame's samples.
    """
    data = side_data_of(frame).get(Type.VIDEO_ENC_PARAMS, b"")
    if len(data) < HEAD.size:
        return None
    blocks, offset, size, family, quantiser = HEAD.unpack_from(data)
    mean = quantiser + _mean_difference(data[offset : offset + blocks * size], size)
    if family == H264:
        return float(mean - 6 * (bits - 8))
    if family == VP9:
        return _as_h264(float(np.interp(mean, *np.array(VP9_STEPS).T)) / 8)
    return _as_h264(mean) if family == MPEG else None


def _mean_difference(blocks: bytes, size: int) -> float:
    if not blocks:
        return 0.0
    table: np.ndarray[Any, Any] = np.frombuffer(blocks, np.int32).reshape(-1, size // 4)
    return float(table[:, DELTA].mean())


def _as_h264(step: float) -> float:
    """Return the QP of a step: it doubles every 6, and is 1 at 4."""
    return 4 + 6 * log2(max(step, 0.1))
