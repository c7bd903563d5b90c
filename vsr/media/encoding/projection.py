"""The projection of a 360° video, in the header of a finished file.

Muxers write it if their stream has it, and a stream has it if its demuxer read it. So the stream is
taken from a Matroska file in memory, with the projection put into its header.

Source: RFC 8794, clauses 4 to 6 (EBML); RFC 9559, 5.1.4.1.28 (video, projection); FFmpeg,
libavformat/movenc.c (``mov_write_sv3d_tag``, ``mov_write_vexu_tag``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from vsr.media.frames.spherical import CUBEMAP, EQUIRECTANGULAR_TILE, Spherical
from vsr.media.frames.stereo import Stereo
from vsr.media.source.boxes import BEFORE_BOXES, ENTRY_BYTES, boxes, boxes_inside
from vsr.media.source.matroska import SEGMENT, TRACK, TRACKS, VIDEO, elements

CHECKSUM, STEREO_MODE = 0xBF, 0x53B8
PROJECTION, TYPE, PRIVATE, POSE = 0x7670, 0x7671, 0x7672, (0x7673, 0x7674, 0x7675)

EQUIRECTANGULAR_TYPE, CUBEMAP_TYPE = 1, 2

FULL_BOX = bytes(4)
"""Version and flags of the box of mp4 that Matroska keeps as its private part."""

MODES = {1: 1, 2: 3}
"""FFmpeg's numbers of packings with the left view first → Matroska's, as far as mp4 has them."""

TELLING = (("strict", "unofficial"),)
"""The option with which FFmpeg's muxer of mp4 and mov writes a projection."""


@contextmanager
def projected(
    stream: VideoStream, packet: Packet[VideoStream], spherical: Spherical, stereo: Stereo | None
) -> Iterator[VideoStream]:
    """Yield a stream like another one, with a projection, to be the template of an output's.

    Its extradata may be in another form.

    Args:
        packet: the stream's first one; it is used up.
        stereo: how two views lie in the pictures.
    """
    file = BytesIO()
    with av.open(file, "w", format="matroska") as output:
        packet.stream = output.add_stream_from_template(stream, opaque=True)
        output.mux(packet)
    told = _projection(spherical)
    if stereo is not None and can_tell_views(stereo):
        told += _element(STEREO_MODE, bytes([MODES[stereo.kind]]))
    with av.open(BytesIO(_with_video(file.getvalue(), told))) as carrier:
        yield carrier.streams.video[0]


def can_tell_views(stereo: Stereo) -> bool:
    """Return whether mp4 tells beside a projection how two views lie."""
    return stereo.kind in MODES and not stereo.is_right_first


TO_DESCRIPTIONS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")


def hide_second_projection(path: Path) -> None:
    """Make FFmpeg's second description of a projection in an mp4 free space.

    It tells less than the first, and its readers believe it more.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("r+b") as file:
        for begin, end in boxes_inside(file, (0, path.stat().st_size), *TO_DESCRIPTIONS):
            for _, entry, length in list(boxes(file, end, begin + BEFORE_BOXES[b"stsd"])):
                inner = list(boxes(file, entry + length, entry + ENTRY_BYTES))
                if {b"sv3d", b"vexu"} <= {kind for kind, _, _ in inner}:
                    file.seek(next(place for kind, place, _ in inner if kind == b"vexu") + 4)
                    file.write(b"free")


def _projection(spherical: Spherical) -> bytes:
    """Return the element of Matroska."""
    if spherical.projection == CUBEMAP:
        kind, private = CUBEMAP_TYPE, struct.pack(">2I", 0, spherical.padding)
    else:
        left, top, right, bottom = spherical.bounds
        is_tile = spherical.projection == EQUIRECTANGULAR_TILE
        kind = EQUIRECTANGULAR_TYPE
        private = struct.pack(">4I", top, bottom, left, right) if is_tile else b""
    parts = [_element(TYPE, bytes([kind]))]
    if private:
        parts.append(_element(PRIVATE, FULL_BOX + private))
    for name, angle in zip(POSE, spherical.pose):
        parts.append(_element(name, struct.pack(">d", angle / 65536)))
    return _element(PROJECTION, b"".join(parts))


def _with_video(content: bytes, told: bytes) -> bytes:
    """Return a Matroska file with more about its only track's pictures."""
    (header, opening), (_, segment) = elements(content)
    parts = [
        _element(kind, _changed(inner, told) if kind == TRACKS else inner)
        for kind, inner in elements(segment)
    ]
    return _element(header, opening) + _element(SEGMENT, b"".join(parts))


def _changed(tracks: bytes, told: bytes) -> bytes:
    """Return the element of tracks without its checksum, and with more in that of pictures."""
    parts = []
    for kind, inner in elements(tracks):
        fields = elements(inner) if kind == TRACK else ()
        track = b"".join(_element(name, one + told * (name == VIDEO)) for name, one in fields)
        if kind != CHECKSUM:
            parts.append(_element(kind, track or inner))
    return b"".join(parts)


def _element(kind: int, content: bytes) -> bytes:
    identifier = kind.to_bytes(-(-kind.bit_length() // 8))
    return identifier + (1 << 56 | len(content)).to_bytes(8) + content
