"""The boxes that mp4 and mov are made of. Source: ISO/IEC 14496-12, clause 4.2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

Span = tuple[int, int]
"""Where something in a file begins and ends."""

BEFORE_BOXES = {b"stsd": 16}
"""Bytes before the boxes within one: of most 8."""

ENTRY_BYTES = 86
"""Bytes before the boxes within a description of pictures."""


def boxes(file: BinaryIO, end: int, first: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, beginning and length of each box between two places, until one is none."""
    position, length = first, 8
    while position + 8 <= end and length >= 8:
        file.seek(position)
        header = file.read(16)
        length = int.from_bytes(header[:4])
        if length == 1:
            length = int.from_bytes(header[8:16])
        yield header[4:8], position, length
        position += length


def boxes_inside(file: BinaryIO, span: Span, *kinds: bytes) -> list[Span]:
    """Return (beginning, end) of the boxes at the end of a path of kinds within a span.

    Args:
        span: of a box with its header, or of the whole file.
    """
    first, end = span
    found = list[Span]()
    inside = [(_first_within(file, first) if first else first, end)]
    for wanted in kinds:
        found = [
            (begin, begin + length)
            for first, end in inside
            for kind, begin, length in boxes(file, end, first)
            if kind == wanted
        ]
        inside = [(_first_within(file, begin), end) for begin, end in found]
    return found


def _first_within(file: BinaryIO, box: int) -> int:
    """Return where the first box within another one begins."""
    file.seek(box + 4)
    return box + BEFORE_BOXES.get(file.read(4), 8)
