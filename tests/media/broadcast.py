"""MPEG-TS as broadcast: tables of programmes, written anew. Source: ISO/IEC 13818-1, 2.4.4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.clips import Audio, write_clip

VIDEO, SOUND, FOREIGN = 256, 257, 258
"""Identifiers of the streams, as FFmpeg's muxer gives them out; the last is for another channel."""

TYPES = {VIDEO: 0x1B, SOUND: 0x0F, FOREIGN: 0x0F}
"""H.264 and AAC."""

PMT = 0x1000
FIRST, SECOND = 11, 12


def write_broadcast(
    path: Path,
    names: Mapping[int, bytes],
    streams: Mapping[int, Sequence[int]] = {FIRST: (VIDEO, SOUND), SECOND: (FOREIGN,)},
) -> Path:
    """Write a second of a transponder with two programmes.

    Args:
        names: of programmes, coded as in the table of services.
        streams: number of a programme → identifiers of its streams.
    """
    write_clip(path, frames=25, audio=[Audio(), Audio()], container="mpegts")
    tables = {
        0: _tables_of_all(streams),
        17: [(17, _services(names))],
        PMT: [(PMT + place, _map(number, streams[number])) for place, number in enumerate(streams)],
    }
    content = path.read_bytes()
    packets = [content[place : place + 188] for place in range(0, len(content), 188)]
    path.write_bytes(b"".join(one for packet in packets for one in _replaced(packet, tables)))
    return path


def _replaced(packet: bytes, tables: Mapping[int, Sequence[tuple[int, bytes]]]) -> Iterator[bytes]:
    pid = int.from_bytes(packet[1:3]) & 0x1FFF
    if pid not in tables:
        yield packet
        return
    for other, section in tables[pid]:
        head = bytes([0x47, 0x40 | other >> 8, other & 0xFF, 0x10 | packet[3] & 15, 0])
        yield (head + section).ljust(188, b"\xff")


def _tables_of_all(streams: Mapping[int, Sequence[int]]) -> list[tuple[int, bytes]]:
    places = enumerate(streams)
    body = b"".join(_16(number) + _16(0xE000 | PMT + place) for place, number in places)
    return [(0, _section(0x00, 1, body))]


def _map(number: int, streams: Sequence[int]) -> bytes:
    body = _16(0xE000 | streams[0]) + _16(0xF000)
    for pid in streams:
        body += bytes([TYPES[pid]]) + _16(0xE000 | pid) + _16(0xF000)
    return _section(0x02, number, body)


def _services(names: Mapping[int, bytes]) -> bytes:
    body = _16(1) + b"\xff"
    for number, name in names.items():
        told = bytes([1, 5]) + b"Owner" + bytes([len(name)]) + name
        described = bytes([0x48, len(told)]) + told
        body += _16(number) + b"\xfc" + _16(0x8000 | len(described)) + described
    return _section(0x42, 1, body)


def _section(table: int, number: int, body: bytes) -> bytes:
    content = _16(number) + bytes([0xC1, 0, 0]) + body
    section = bytes([table]) + _16(0xB000 | len(content) + 4) + content
    return section + _crc(section).to_bytes(4)


def _16(value: int) -> bytes:
    return value.to_bytes(2)


def _crc(content: bytes) -> int:
    """Return the remainder of the division by the polynomial, bit by bit."""
    value = int.from_bytes(content) << 32 ^ 0xFFFFFFFF << 8 * len(content)
    for bit in reversed(range(32, value.bit_length() + 1)):
        if value >> bit & 1:
            value ^= 0x104C11DB7 << bit - 32
    return value
