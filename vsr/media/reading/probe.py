"""What is in a media file, according to its headers and first decoded frames.

A header implies a file size too, which PyAV does not expose: a file cut short is found at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer

from vsr.errors import UnreadableMedia
from vsr.media.clock import STATION_CLOCKS, TICKS_PER_SECOND, TURN_TICKS
from vsr.media.images.animation import LOOPING, loops_of
from vsr.media.source.decoder import Damage, Decoder
from vsr.media.source.describe import stream_info, video_info
from vsr.media.source.info import MediaInfo, StreamInfo, VideoInfo
from vsr.media.source.opening import best_video, open_input
from vsr.media.splices.splice_search import splices_in
from vsr.values import PtsSpan

__all__ = ["MediaInfo", "StreamInfo", "VideoInfo", "probe"]

FRAMES_LOOKED_AT = 8
"""Enough to detect interlacing, captions and missing times."""

PACKETS_TRIED = 500
"""A stream is considered undecodable if this many packets yield no frame."""


def probe(path: Path | str) -> MediaInfo:
    """Examine a file: its headers, and its first few frames, decoded.

    Raises:
        MediaError: missing, not media, no video, or no frame can be decoded.
    """
    path = Path(path)
    with open_input(path) as container:
        stream = best_video(container, path)
        decoder = Decoder(container, stream, Damage(), PtsSpan())
        packets = islice(decoder.packets(), PACKETS_TRIED)
        frames = list(islice(decoder.frames(packets), FRAMES_LOOKED_AT))
        if not frames:
            codec = stream.codec_context.codec.canonical_name
            raise UnreadableMedia(
                f"{path}: no frame of its {codec} video can be decoded. Choose another file."
            )
        info = MediaInfo(
            path=path,
            format_name=container.format.name,
            duration_seconds=_container_seconds(container),
            video=video_info(path, stream, frames, decoder.decoding_times),
            others=tuple(
                stream_info(item) for item in container.streams if item.index != stream.index
            ),
            chapters=len(container.chapters()),
            missing_bytes=missing_bytes(path, container.format.name),
            metadata=dict(container.metadata) | _loops(path, container.format.name),
        )
    if has_second_view(path, info):
        unsupported = (*info.video.unsupported, "the second view (MV-HEVC)")
        info = replace(info, video=replace(info.video, unsupported=unsupported))
    return _measured(info)


def _loops(path: Path, format_name: str) -> dict[str, str]:
    return loops_of(path) if format_name in LOOPING else {}


def _measured(info: MediaInfo) -> MediaInfo:
    """Return the description, with measured durations if a wraparound was mistaken for a duration.

    A duration over half a wraparound more likely comes from concatenated films, and is worth a pass
    over the packets.
    """
    half_seconds = TURN_TICKS / TICKS_PER_SECOND / 2
    is_long = (info.duration_seconds or 0) > half_seconds
    splices = splices_in(info) if is_long and info.format_name in STATION_CLOCKS else None
    if splices is None:
        return info
    seconds = splices.seconds
    others = tuple(replace(one, duration_seconds=None) for one in info.others)
    video = replace(info.video, duration_seconds=seconds)
    return replace(info, duration_seconds=seconds, video=video, others=others)


def _container_seconds(container: InputContainer) -> float | None:
    return container.duration / av.time_base if container.duration else None


RIFF_UNKNOWN = 0xFFFFFFFF
"""The length of a RIFF that was not finished."""

EBML_HEADER = bytes.fromhex("1A45DFA3")
SEGMENT = bytes.fromhex("18538067")


def missing_bytes(path: Path, format_name: str) -> int:
    """Return how much shorter a Matroska, MP4 or AVI file is than its header says; 0 for others.

    A demuxer mistakes such a truncation for the end of the film.
    """
    end_of = {
        "matroska,webm": _matroska_end,
        "mov,mp4,m4a,3gp,3g2,mj2": _boxes_end,
        "avi": _riff_end,
    }
    if format_name not in end_of:
        return 0
    size = path.stat().st_size
    with path.open("rb") as file:
        end = end_of[format_name](file, size)
    return max(0, end - size)


def _matroska_end(file: BinaryIO, size: int) -> int:
    """Return where the segment ends. Source: RFC 8794 (EBML), clauses 4 to 6."""
    header_end = _element_end(file, EBML_HEADER)
    if header_end is None:
        return size
    file.seek(header_end)
    return _element_end(file, SEGMENT) or size


def _boxes_end(file: BinaryIO, size: int) -> int:
    """Return where the last top-level box ends. Source: ISO/IEC 14496-12, clause 4.2."""
    position = 0
    for kind, begin, length in _boxes(file, size):
        if length < 8 or not kind.isalnum():  # 0: to the end; else no box at all
            return size
        position = begin + length
    return position


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, beginning and length of each top-level box, until one is none."""
    position, length = 0, 8
    while position + 8 <= size and length >= 8:
        file.seek(position)
        header = file.read(16)
        length = int.from_bytes(header[:4])
        if length == 1:
            length = int.from_bytes(header[8:16])
        yield header[4:8], position, length
        position += length


def _riff_end(file: BinaryIO, size: int) -> int:
    """Return where the last RIFF chunk ends; a file over 1 GB has several."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        header = file.read(8)
        length = int.from_bytes(header[4:], "little")
        if header[:4] != b"RIFF" or length in (0, RIFF_UNKNOWN):
            break
        position += 8 + length + length % 2
    return position or size


MOST_INDEX_BYTES = 64 << 20
"""Of a film's index (``moov``), in which each track begins with its description."""

SECOND_VIEW = b"lhvC"
"""The box with the parameter sets of the layers beyond the first. Source: ISO/IEC 14496-15, 9.6."""


def has_second_view(path: Path, info: MediaInfo) -> bool:
    """Return whether an MP4 holds HEVC of two views, of which FFmpeg decodes the first."""
    if info.video.codec != "hevc" or "mp4" not in info.format_name.split(","):
        return False
    size = path.stat().st_size
    with path.open("rb") as file:
        for kind, begin, length in _boxes(file, size):
            if kind == b"moov":
                file.seek(begin)
                return SECOND_VIEW in file.read(min(length, MOST_INDEX_BYTES))
    return False


def _element_end(file: BinaryIO, identifier: bytes) -> int | None:
    """Return where the element that starts here ends; None if it is another or of unknown size."""
    if file.read(len(identifier)) != identifier:
        return None
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1)
    bits = 7 * length
    size = int.from_bytes(first + rest) & ((1 << bits) - 1)
    is_unknown = size == (1 << bits) - 1
    return None if is_unknown else file.tell() + size
