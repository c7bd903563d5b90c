"""What the structure of a file says of its own size: whether it is whole, without a decoder.

PyAV does not expose it, and a demuxer mistakes a file that is cut short for a shorter film.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from vsr.media.source.boxes import boxes
from vsr.media.source.programmes import HEAD_BYTES, framing

RIFF_UNKNOWN = 0xFFFFFFFF
"""The length of a RIFF that was not finished."""

EBML_HEADER = bytes.fromhex("1A45DFA3")
SEGMENT = bytes.fromhex("18538067")


def missing_bytes(path: Path, format_name: str) -> int:
    """Return how much shorter a file is than its header says; 0 where headers do not say.

    A demuxer mistakes such a truncation for the end of the film.
    """
    end_of = ENDS.get(format_name)
    if end_of is None:
        return 0
    size = path.stat().st_size
    with path.open("rb") as file:
        return max(0, end_of(file, size) - size)


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
    for kind, begin, length in boxes(file, size):
        if length < 8 or not kind.isalnum():  # 0: to the end; else no box at all
            return size
        position = begin + length
    return position


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


FILE_PROPERTIES = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")
LONGEST_ASF_HEADER = 1 << 20


def _asf_end(file: BinaryIO, size: int) -> int:
    """Return the size that the File Properties Object says. Source: ASF specification, 3.2."""
    header = file.read(LONGEST_ASF_HEADER)
    place = header.find(FILE_PROPERTIES)
    if place < 0:
        return size
    is_broadcast = header[place + 88 : place + 89] == b"\x01"  # its size is not known yet
    return size if is_broadcast else int.from_bytes(header[place + 40 : place + 48], "little")


MXF_PARTITION = bytes.fromhex("060E2B34020501010D01020101")
FOOTER_OFFSET = 24
"""Where a partition pack's value holds the footer's position. Source: SMPTE ST 377-1, 7.1."""


def _mxf_end(file: BinaryIO, size: int) -> int:
    """Return where the footer partition begins, if the header says."""
    header = file.read(64)
    if header[:13] != MXF_PARTITION:
        return size
    value = 17 + (header[16] & 0x7F if header[16] & 0x80 else 0)
    footer = int.from_bytes(header[value + FOOTER_OFFSET : value + FOOTER_OFFSET + 8])
    return footer + 1 if footer >= size else size


FLV_TAG_HEADER = 11
FLV_TAGS = (8, 9, 18)


def _flv_end(file: BinaryIO, size: int) -> int:
    """Return where an FLV ends, if its last four bytes are not the length of the tag before them.

    Source: Adobe Flash Video File Format Specification, version 10.1, E.3.
    """
    file.seek(max(0, size - 4))
    length = int.from_bytes(file.read(4))
    file.seek(max(0, size - 4 - length))
    header = file.read(4)
    is_tag = len(header) == 4 and header[0] & 0x1F in FLV_TAGS
    is_whole = is_tag and int.from_bytes(header[1:]) + FLV_TAG_HEADER == length
    return size if is_whole else size + 1


def _ts_end(file: BinaryIO, size: int) -> int:
    """Return where the last packet of MPEG-TS ends that has begun."""
    frame = framing(file.read(HEAD_BYTES))
    if frame is None:
        return size
    first, length = frame
    begin = max(0, first - (length == 192) * 4)
    return size + -(size - begin) % length


LONGEST_Y4M_LINE = 256
MOST_Y4M_FRAME = 1 << 27


def _y4m_end(file: BinaryIO, size: int) -> int:
    """Return where the last frame ends that has begun; the first two show how long they are."""
    start = len(file.readline(LONGEST_Y4M_LINE))
    first = file.read(MOST_Y4M_FRAME)
    length = first.find(b"FRAME", 1)
    return size + -(size - start) % length if length > 0 else size


End = Callable[[BinaryIO, int], int]

ENDS: Mapping[str, End] = {
    "matroska,webm": _matroska_end,
    "mov,mp4,m4a,3gp,3g2,mj2": _boxes_end,
    "avi": _riff_end,
    "asf": _asf_end,
    "flv": _flv_end,
    "mxf": _mxf_end,
    "mpegts": _ts_end,
    "yuv4mpegpipe": _y4m_end,
}


OGG_PAGE = b"OggS"
OGG_HEADER = 27
LAST_PAGE = 0x04


def ogg_faults(path: Path) -> tuple[int, bool]:
    """Return in how many places pages of an Ogg file are damaged or missing, and if its end is.

    Source: RFC 3533, section 6: pages are numbered, and the last one of a stream is marked.
    """
    faults, numbers, ended = 0, dict[bytes, int](), dict[bytes, bool]()
    with path.open("rb") as file:
        size, position = path.stat().st_size, 0
        while position < size:
            file.seek(position)
            header = file.read(OGG_HEADER + 255)
            if header[:4] != OGG_PAGE:
                faults += 1
                position = _next_page(file, position + 1, size)
                continue
            serial, number = header[14:18], int.from_bytes(header[18:22], "little")
            faults += serial in numbers and number not in (0, numbers[serial] + 1)
            faults += serial not in numbers and number != 0
            numbers[serial], ended[serial] = number, bool(header[5] & LAST_PAGE)
            count = header[26] if len(header) > 26 else 0
            position += OGG_HEADER + count + sum(header[OGG_HEADER : OGG_HEADER + count])
    return faults, position > size or not all(ended.values())


def _next_page(file: BinaryIO, position: int, size: int) -> int:
    while position < size:
        file.seek(position)
        place = file.read(1 << 16).find(OGG_PAGE)
        if place >= 0:
            return position + place
        position += (1 << 16) - len(OGG_PAGE)
    return size
