"""The metadata of a decoded frame (colour, rotation, HDR, captions), and a stream's chroma siting.

av 18.1 does not expose the siting, but FFmpeg's Matroska muxer writes it into a header, so one is
written to memory and read back. Y4M has it in its first line.

HDR metadata: the mastering display and the content light level, as exact numbers.

Source: SMPTE ST 2086, CTA-861.3; the byte layout is that of FFmpeg's libavutil
(``AVMasteringDisplayMetadata``, ``AVContentLightMetadata``).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import cast

import av
from av.sidedata.sidedata import SideData, SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsr.colour import LUMA_WEIGHTS, UNSPECIFIED, Colour, Matrix, Range, Siting
from vsr.frames import Extras
from vsr.media.frames.formats import Reading

MASTERING = struct.Struct("=20i2I")
LIGHT = struct.Struct("=2I")
Point = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class MasteringDisplay:
    """The display on which the film was graded: CIE 1931 xy and candela per square metre."""

    red: Point
    green: Point
    blue: Point
    white: Point
    min_luminance: Fraction
    max_luminance: Fraction

    @classmethod
    def from_bytes(cls, data: bytes) -> MasteringDisplay | None:
        """Read FFmpeg's side data; None if it is incomplete."""
        if len(data) < MASTERING.size:
            return None
        *numbers, has_primaries, has_luminance = MASTERING.unpack_from(data)
        denominators = numbers[1::2]
        if not (has_primaries and has_luminance) or 0 in denominators:
            return None
        values = [Fraction(n, d) for n, d in zip(numbers[::2], denominators)]
        points = [(values[i], values[i + 1]) for i in range(0, 8, 2)]
        red, green, blue, white = points
        return cls(
            red=red,
            green=green,
            blue=blue,
            white=white,
            min_luminance=values[8],
            max_luminance=values[9],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLight:
    """The brightest pixel and the brightest frame's average, in candela per square metre."""

    max_content: int
    max_frame_average: int

    @classmethod
    def from_bytes(cls, data: bytes) -> ContentLight | None:
        """Read FFmpeg's side data; None if it is incomplete."""
        if len(data) < LIGHT.size:
            return None
        max_content, max_frame_average = LIGHT.unpack_from(data)
        return cls(max_content=max_content, max_frame_average=max_frame_average)


@dataclass(frozen=True, slots=True, kw_only=True)
class HdrMetadata:
    """What HDR10 says about the whole film; at least one part is present."""

    mastering: MasteringDisplay | None = None
    light: ContentLight | None = None


DISPLAY_MATRIX = struct.Struct("=9i")
IDENTITY_MATRIX = (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)

NAMES_OF_LOST = {
    Type.STEREO3D: "stereo 3D layout",
    Type.AFD: "active format description",
    Type.SPHERICAL: "spherical projection",
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
"""In H.273 reserved for primaries and transfer, and RGB as a matrix, which no YUV is: what ProRes
writes for "unknown". Source: SMPTE RDD 36, 6.1.1.
"""


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


def hdr_of(side_data: Mapping[Type, bytes]) -> HdrMetadata | None:
    """Return the HDR10 metadata, or None if there is none."""
    mastering = MasteringDisplay.from_bytes(side_data.get(Type.MASTERING_DISPLAY_METADATA, b""))
    light = ContentLight.from_bytes(side_data.get(Type.CONTENT_LIGHT_LEVEL, b""))
    return HdrMetadata(mastering=mastering, light=light) if mastering or light else None


def extras_of(side_data: Mapping[Type, bytes]) -> Extras:
    """Return what travels with a frame to the output's encoder."""
    return Extras(captions=side_data.get(Type.A53_CC))


def lost_of(side_data: Mapping[Type, bytes]) -> list[str]:
    """Return the names of what cannot be carried."""
    return [name for kind, name in NAMES_OF_LOST.items() if kind in side_data]


def _range(value: int) -> Range:
    return Range(value) if value in (Range.LIMITED, Range.FULL) else Range.UNSPECIFIED


CHROMA_SITING = re.compile(rb"\x55\xb7\x81([\x01\x02])\x55\xb8\x81([\x01\x02])", re.DOTALL)
"""ChromaSitingHorz and ChromaSitingVert of RFC 9559: 1 is on the first luma sample, 2 between."""

SITINGS = {
    (1, 1): Siting.TOP_LEFT,
    (1, 2): Siting.LEFT,
    (2, 1): Siting.TOP,
    (2, 2): Siting.CENTER,
}

SITINGS_OF_CODECS = {
    "jpeg2000": Siting.CENTER,
    "webp": Siting.CENTER,
    "dvvideo": Siting.TOP_LEFT,
}
"""What standards specify where FFmpeg's decoders are silent: JPEG (JFIF 1.02), DV (IEC 61834-2)."""

LONGEST_Y4M_HEADER = 4096

Y4M_SITINGS = {
    "420": Siting.CENTER,
    "420jpeg": Siting.CENTER,
    "420mpeg2": Siting.LEFT,
    "420paldv": Siting.TOP_LEFT,
}
"""The ``C`` tags of yuv4mpeg(5) for chroma siting."""


def siting_of(stream: VideoStream, path: Path) -> Siting:
    """Return the siting of a stream of which a frame was decoded; unspecified if unknown."""
    if stream.container.format.name == "yuv4mpegpipe":
        return _y4m_siting(path)
    header = BytesIO()
    # Matroska does not know every codec
    with suppress(av.FFmpegError, ValueError), av.open(header, "w", format="matroska") as container:
        container.add_stream_from_template(stream, opaque=True)
        container.start_encoding()
    match = CHROMA_SITING.search(header.getvalue())
    if match is None:
        return SITINGS_OF_CODECS.get(stream.codec_context.codec.canonical_name, Siting.UNSPECIFIED)
    return SITINGS[match[1][0], match[2][0]]


def _y4m_siting(path: Path) -> Siting:
    """Return the chroma siting of a Y4M file; for 4:2:0 the default is JPEG's."""
    with path.open("rb") as file:
        first_line = file.readline(LONGEST_Y4M_HEADER).decode("ascii", "replace")
    tags = [word[1:] for word in first_line.split()[1:] if word.startswith("C")]
    return Y4M_SITINGS.get(tags[0] if tags else "420", Siting.UNSPECIFIED)
