"""What an mp4 or mov says of its pictures beside their codec, and FFmpeg's decoders do not heed.

Source: ISO/IEC 14496-12, 8.3.2 (the header of a track), 12.1.3 (VisualSampleEntry), 12.1.4 (clean
aperture).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from math import ceil, floor
from typing import BinaryIO

from vsr.media.source.boxes import BEFORE_BOXES, ENTRY_BYTES, Span, boxes, boxes_inside
from vsr.media.source.info import MediaInfo
from vsr.values import CropBox, Size

HEADER_BYTES = 8

TO_VERSION, TO_TRACK = 8, (20, 28)
"""Where a track's header has its version, and by that the number of the track."""

CLEAN_APERTURE = struct.Struct(">IIIIiIiI")
"""Width, height, and how far its middle lies right of and below that of the frame, as fractions."""


def told_by_sample_entry(info: MediaInfo, track: int) -> MediaInfo:
    """Return what FFmpeg told of a file, completed: what players show of each frame.

    Args:
        track: the number of its video.
    """
    with suppress(OSError, struct.error, ZeroDivisionError), info.path.open("rb") as file:
        for content in _apertures(file, info.path.stat().st_size, track):
            box = _clean_aperture(content, info.video.size)
            return replace(info, video=replace(info.video, header_crop=box))
    return info


def _apertures(file: BinaryIO, size: int, track: int) -> Iterator[bytes]:
    """Yield the clean aperture in the first description of a track's pictures, if it has one."""
    for one in boxes_inside(file, (0, size), b"moov", b"trak"):
        if _number_of(file, one) != track:
            continue
        for begin, end in boxes_inside(file, one, b"mdia", b"minf", b"stbl", b"stsd"):
            entries = boxes(file, end, begin + BEFORE_BOXES[b"stsd"])
            for _, entry, length in islice(entries, 1):
                for kind, place, _ in boxes(file, entry + length, entry + ENTRY_BYTES):
                    if kind == b"clap":
                        file.seek(place + HEADER_BYTES)
                        yield file.read(CLEAN_APERTURE.size)


def _number_of(file: BinaryIO, track: Span) -> int | None:
    for begin, _ in boxes_inside(file, track, b"tkhd"):
        file.seek(begin)
        header = file.read(TO_TRACK[1] + 4)
        place = TO_TRACK[header[TO_VERSION : TO_VERSION + 1] > b"\0"]
        return int.from_bytes(header[place : place + 4])
    return None


def _clean_aperture(content: bytes, whole: Size) -> CropBox | None:
    """Return the pixels that players show some of; None for all, or where they would be outside."""
    numbers = CLEAN_APERTURE.unpack_from(content)
    width, height, right, down = map(Fraction, numbers[::2], numbers[1::2])
    across = _extent(width, right, whole.width)
    along = _extent(height, down, whole.height)
    is_inside = all(0 <= first < last for first, last in (across, along))
    if not is_inside or across[1] > whole.width or along[1] > whole.height:
        return None
    size = Size(across[1] - across[0], along[1] - along[0])
    return None if size == whole else CropBox(size, across[0], along[0])


def _extent(length: Fraction, offset: Fraction, whole: int) -> tuple[int, int]:
    first = (whole - length) / 2 + offset
    return floor(first), ceil(first + length)
