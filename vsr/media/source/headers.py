"""The file size that a header implies, which PyAV does not expose."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

EBML_HEADER = bytes.fromhex("1A45DFA3")
SEGMENT = bytes.fromhex("18538067")


def missing_bytes(path: Path, format_name: str) -> int:
    """Return how much shorter a Matroska or MP4 file is than its header says; 0 for other files.

    A demuxer mistakes such a truncation for the end of the film.
    """
    end_of = {"matroska,webm": _matroska_end, "mov,mp4,m4a,3gp,3g2,mj2": _boxes_end}
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
    while position + 8 <= size:
        file.seek(position)
        header = file.read(16)
        length = int.from_bytes(header[:4])
        if length == 1:
            length = int.from_bytes(header[8:16])
        if length < 8 or not header[4:8].isalnum():  # 0: to the end; else no box at all
            return size
        position += length
    return position


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
