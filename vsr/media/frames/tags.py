"""The metadata of a decoded frame: colour, rotation, captions, and what cannot be carried."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import cast

from av.sidedata.sidedata import SideData, SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsr.colour import LUMA_WEIGHTS, UNSPECIFIED, Colour, Matrix, Range, Siting
from vsr.frames import Extras
from vsr.media.frames.formats import Reading

DISPLAY_MATRIX = struct.Struct("=9i")
IDENTITY_MATRIX = (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)

NAMES_OF_LOST = {
    Type.AFD: "active format description",
    Type.ICC_PROFILE: "ICC profile",
    Type.S12M_TIMECODE: "SMPTE 12M timecode",
    Type.DYNAMIC_HDR_PLUS: "HDR10+ dynamic metadata",
    Type.FILM_GRAIN_PARAMS: "film grain parameters",
    Type.DOVI_RPU_BUFFER: "Dolby Vision metadata",
    Type.DOVI_METADATA: "Dolby Vision metadata",
    Type.DYNAMIC_HDR_VIVID: "HDR Vivid dynamic metadata",
    Type.AMBIENT_VIEWING_ENVIRONMENT: "ambient viewing environment",
}
"""Side data that PyAV cannot pass to an encoder. Other types are carried (HDR10, captions,
rotation) or concern only the source's bitstream (encoder settings, motion vectors).
"""


def side_data_of(frame: VideoFrame) -> dict[Type, bytes]:
    """Return the side data by type, up to the first of a type that av does not know."""
    container = SideDataContainer.__new__(SideDataContainer)
    with suppress(ValueError):  # av 18.1 fails at a type newer than itself, such as EXIF
        container.__init__(frame)  # type: ignore[misc] # it keeps what came before
    found: dict[Type, bytes] = {}
    with suppress(ValueError):
        for item in cast("Iterable[SideData]", container):  # av's stub calls it a mapping
            found[item.type] = bytes(item)
    return found


RESERVED = 0
"""A code point that H.273 reserves in primaries and transfer, and gives to RGB in matrices, which
no YUV has. ProRes writes it for "unknown". Source: SMPTE RDD 36, 6.1.1."""


def header_colour(stream: VideoStream) -> Colour:
    """Return the tags that the container itself has; call it before anything is decoded.

    Decoders of HEVC, ProRes and VP9 replace them by those of the frames, unspecified or not.
    """
    context = stream.codec_context
    matrix = int(context.colorspace)
    return Colour(
        primaries=_code_point(context.color_primaries),
        transfer=_code_point(context.color_trc),
        matrix=matrix if matrix in LUMA_WEIGHTS else UNSPECIFIED,
    )


def colour_of(frame: VideoFrame, reading: Reading, siting: Siting) -> Colour:
    """Return the tags of a decoded frame as its reader delivers it."""
    primaries, transfer = _code_point(frame.color_primaries), _code_point(frame.color_trc)
    if reading.is_from_rgb:
        return Colour(
            primaries=primaries, transfer=transfer, matrix=Matrix.BT709, range=Range.LIMITED
        )
    is_jpeg = frame.format.name.startswith("yuvj")
    color_range = _range(int(frame.color_range))
    return Colour(
        primaries=primaries,
        transfer=transfer,
        matrix=matrix_of(frame),
        range=Range.FULL if is_jpeg else color_range,
        siting=siting if reading.layout.x_shift else Siting.UNSPECIFIED,
    )


def matrix_of(frame: VideoFrame) -> int:
    """Return the matrix of a frame that is not RGB."""
    return _code_point(frame.colorspace)


def _code_point(value: int) -> int:
    return UNSPECIFIED if value == RESERVED else int(value)


def display_matrix_of(side_data: Mapping[Type, bytes]) -> tuple[int, ...] | None:
    """Return the nine numbers of the display matrix, or None if the frame is upright."""
    data = side_data.get(Type.DISPLAYMATRIX, b"")
    if len(data) < DISPLAY_MATRIX.size:
        return None
    matrix = DISPLAY_MATRIX.unpack_from(data)
    return None if matrix == IDENTITY_MATRIX else matrix


def extras_of(side_data: Mapping[Type, bytes]) -> Extras:
    """Return what travels with a frame to the output's encoder."""
    return Extras(captions=side_data.get(Type.A53_CC))


def lost_of(side_data: Mapping[Type, bytes]) -> list[str]:
    """Return the names of what cannot be carried."""
    return [name for kind, name in NAMES_OF_LOST.items() if kind in side_data]


def _range(value: int) -> Range:
    return Range(value) if value in (Range.LIMITED, Range.FULL) else Range.UNSPECIFIED
