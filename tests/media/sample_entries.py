"""Boxes put into an mp4 or mov that a muxer does not write."""

from __future__ import annotations

import struct
from pathlib import Path

ENTRY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")

HEADERS = {b"stsd": 16, b"avc1": 86}
"""Bytes before the boxes within one: of most 8."""


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def clean_aperture(*numbers: tuple[int, int]) -> bytes:
    """Return a box of width, height, and how far right and down its middle lies, as fractions."""
    return box(b"clap", b"".join(struct.pack(">iI", *one) for one in numbers))


def with_box(path: Path, added: bytes, parents: tuple[bytes, ...] = ENTRY) -> Path:
    """Put a box last into another one of a file whose index follows its frames."""
    content, begin, end, places = bytearray(path.read_bytes()), 0, path.stat().st_size, []
    for parent in parents:
        length, kind = struct.unpack_from(">I4s", content, begin)
        while kind != parent:
            begin += length
            assert begin < end, parent
            length, kind = struct.unpack_from(">I4s", content, begin)
        places.append(begin)
        begin, end = begin + HEADERS.get(parent, 8), begin + length
    content[end:end] = added
    for place in places:
        length = int.from_bytes(content[place : place + 4]) + len(added)
        content[place : place + 4] = length.to_bytes(4)
    path.write_bytes(content)
    return path
