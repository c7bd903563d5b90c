"""The boxes that mp4 and mov are made of. Source: ISO/IEC 14496-12, clause 4.2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

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


def boxes_inside(file: BinaryIO, span: tuple[int, int], *kinds: bytes) -> Iterator[tuple[int, int]]:
    """Yield (beginning, end) of the boxes at the end of a path of kinds within a span.

    Args:
        span: of a box with its header, or of the whole file.
    """
    first, end = span
    if first:
        file.seek(first + 4)
        first += BEFORE_BOXES.get(file.read(4), 8)
    for kind, begin, length in list(boxes(file, end, first)):
        if kind == kinds[0]:
            found = begin, begin + length
            yield from boxes_inside(file, found, *kinds[1:]) if kinds[1:] else (found,)
