"""How coarsely a frame was quantised, as its decoder or its file tells, on the scale of H.264.

FFmpeg's decoders of H.264, VP9 and the MPEG family export it on request; those of HEVC and AV1 do
not. JPEG, and so each frame of Motion JPEG, carries its table.

Source: FFmpeg, libavutil/video_enc_params.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from math import log2
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from av.packet import Packet
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


LOW = 6
"""Frequencies of a JPEG, down and right together, from which on its steps are not looked at."""


def quantisers_of(
    codec: str, packets: Iterable[Packet[Any]], frames: Iterable[VideoFrame], bits: int
) -> Iterator[float]:
    """Yield the quantisers that are told of a piece of film, as H.264's QP at 8 bits.

    Args:
        codec: FFmpeg's name of it.
        packets: of the film, from a key frame on.
        frames: decoded from them by a decoder that was given `REQUEST`.
        bits: of the frames' samples.
    """
    if codec == "mjpeg":
        told = (quantiser_of_jpeg(BytesIO(bytes(packet))) for packet in packets)
    else:
        told = (quantiser_of(frame, bits) for frame in frames)
    return (value for value in told if value is not None)


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


def quantiser_of_jpeg(file: Path | BinaryIO) -> float | None:
    """Return what the table of a JPEG's luma tells, as H.264's QP; None if there is none.

    The lowest frequencies count, in which blocks are seen.

    Source: ITU-T T.81, A.3.4: steps are codes of 8 bits under an orthonormal DCT.
    """
    from PIL import Image

    try:
        with Image.open(file) as picture:
            tables: dict[int, list[int]] = getattr(picture, "quantization", None) or {}
    except (OSError, SyntaxError, ValueError):  # as Pillow raises them
        return None
    if 0 not in tables:
        return None
    down, right = np.indices((8, 8))
    steps = np.array(tables[0]).reshape(8, 8)[down + right < LOW]
    return float(np.mean([_as_h264(step) for step in steps]))


def _as_h264(step: float) -> float:
    """Return the QP of a step, which doubles every 6 and is 1 at 4 (ITU-T H.264, 8.5.9)."""
    return 4 + 6 * log2(max(step, 0.1))
