"""The programmes of an MPEG-TS file: which streams belong together, and what they are called.

A recording of a whole transponder holds several, of which PyAV shows only the streams.

Source: ISO/IEC 13818-1, 2.4.3.2 (packets), 2.4.4 (tables of programmes); ETSI EN 300 468, 5.2.3
(the table of services), 6.2.33 (their descriptor), annex A (text).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PACKET_BYTES = (188, 192, 204)
"""Bytes of a packet: as broadcast, with Blu-ray's time stamps, with error correction."""

SYNC = 0x47
HEAD_BYTES = 5 * max(PACKET_BYTES)

MOST_BYTES = 8 << 20
"""Tables are repeated at least every two seconds; this is more than two of most broadcasts."""

PAT, SDT = 0x00, 0x11
"""Packet identifiers of the tables of all programmes: where they are, what they are called."""

PAT_TABLE, PMT_TABLE, SDT_TABLE = 0x00, 0x02, 0x42
SERVICE = 0x48
"""The descriptor that names a service and its provider."""

OF_FFMPEG = {"Service01": "FFmpeg"}
"""What FFmpeg calls a programme, and its provider, without a name."""


@dataclass(slots=True)
class Programme:
    """One programme: a channel, as viewers see it.

    Attributes:
        number: by which tables identify it.
        pids: of its streams, which FFmpeg gives as their ``id``.
        name: as viewers see it; empty if it has none.
        provider: who broadcasts it; empty if it is not said.
    """

    number: int
    pids: set[int] = field(default_factory=set)
    name: str = ""
    provider: str = ""

    def __str__(self) -> str:
        """Return its name, or its number."""
        return self.name or str(self.number)

    @property
    def tags(self) -> dict[str, str]:
        """Name and provider, as FFmpeg's muxer takes them."""
        if OF_FFMPEG.get(self.name) == self.provider:
            return {}
        tags = {"service_name": self.name, "service_provider": self.provider}
        return {key: value for key, value in tags.items() if value}


def programmes_in(path: Path) -> tuple[Programme, ...]:
    """Return the programmes that the beginning of a file names; none of what is no MPEG-TS."""
    found: dict[int, Programme] = {}
    maps: dict[int, int] = {}  # where the table of each programme is → its number
    names: dict[int, tuple[str, str]] = {}
    mapped, has_names = set[int](), False
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES)
    except OSError:
        return ()
    for pid, section in _sections(content, maps):
        table = section[0]
        if table == PAT_TABLE and pid == PAT:
            for number, place in _associated(section):
                maps[place] = number
                found.setdefault(number, Programme(number))
        elif table == PMT_TABLE and pid in maps:
            number = int.from_bytes(section[3:5])
            found.setdefault(number, Programme(number)).pids.update(_elementary(section))
            mapped.add(number)
        elif table == SDT_TABLE and pid == SDT:
            has_names = section[6] == section[7]  # the last one of its table
            names.update(_services(section))
        if found and has_names and mapped >= found.keys():
            break
    for number in names.keys() & found.keys():
        found[number].provider, found[number].name = names[number]
    return tuple(found.values())


def other_programmes(programmes: Sequence[Programme], pid: int) -> dict[int, Programme]:
    """Return the streams that belong to other programmes than a stream, by identifier."""
    own = [one for one in programmes if pid in one.pids]
    if not own:
        return {}
    kept = frozenset[int]().union(*(one.pids for one in own))
    return {other: one for one in programmes for other in one.pids - kept}


def framing(head: bytes) -> tuple[int, int] | None:
    """Return where the first packet begins, and the bytes of each; None of what is no MPEG-TS."""
    for length in PACKET_BYTES:
        for first in range(min(length, len(head))):
            if all(one == SYNC for one in head[first::length]) and len(head) > 3 * length:
                return first, length
    return None


def _sections(content: bytes, maps: dict[int, int]) -> Iterator[tuple[int, bytes]]:
    """Yield identifier and bytes of each whole table section; ``maps`` grows meanwhile."""
    frame = framing(content[:HEAD_BYTES])
    if frame is None:
        return
    first, length = frame
    begun: dict[int, bytearray] = {}
    for place in range(first, len(content) - 187, length):
        if content[place] != SYNC:  # damaged
            continue
        pid = int.from_bytes(content[place + 1 : place + 3]) & 0x1FFF
        if pid not in (PAT, SDT) and pid not in maps:
            continue
        payload = _payload(content[place : place + 188])
        is_start = bool(content[place + 1] & 0x40)
        if is_start and payload:
            before, payload = payload[1 : 1 + payload[0]], payload[1 + payload[0] :]
            if pid in begun:
                yield from _whole(pid, begun[pid] + before)
            begun[pid] = bytearray()
        if pid in begun:
            begun[pid] += payload
            yield from _whole(pid, begun[pid])


def _payload(packet: bytes) -> bytes:
    """Return what a packet carries behind its header and its adaptation field."""
    control = packet[3] >> 4 & 3
    if not control & 1:
        return b""
    return packet[5 + packet[4] :] if control & 2 else packet[4:]


def _whole(pid: int, content: bytearray) -> Iterator[tuple[int, bytes]]:
    """Yield the sections that are complete, and undamaged, and take them away."""
    while len(content) >= 3 and content[0] != 0xFF:
        end = 3 + (int.from_bytes(content[1:3]) & 0xFFF)
        if end > len(content):
            return
        section = bytes(content[:end])
        del content[:end]
        if end >= 12 and _remainder(section) == 0:
            yield pid, section


def _remainder(section: bytes) -> int:
    """Return the CRC of a section with its own, which is 0. Source: ISO/IEC 13818-1, annex A."""
    crc = 0xFFFFFFFF
    for byte in section:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def _associated(section: bytes) -> Iterator[tuple[int, int]]:
    """Yield number and place of each programme; number 0 is the network's own table."""
    for place in range(8, len(section) - 7, 4):
        number = int.from_bytes(section[place : place + 2])
        if number:
            yield number, int.from_bytes(section[place + 2 : place + 4]) & 0x1FFF


def _elementary(section: bytes) -> Iterator[int]:
    """Yield the identifiers of a programme's streams."""
    place = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
    while place + 5 <= len(section) - 4:
        yield int.from_bytes(section[place + 1 : place + 3]) & 0x1FFF
        place += 5 + (int.from_bytes(section[place + 3 : place + 5]) & 0xFFF)


def _services(section: bytes) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield number, and provider and name, of each programme that has a name."""
    place = 11
    while place + 5 <= len(section) - 4:
        number = int.from_bytes(section[place : place + 2])
        length = int.from_bytes(section[place + 3 : place + 5]) & 0xFFF
        end = min(place + 5 + length, len(section) - 4)
        place += 5
        while place + 2 <= end:
            tag, length = section[place], section[place + 1]
            if tag == SERVICE and length >= 3:
                provider, rest = _text(section[place + 3 : place + 2 + length])
                yield number, (provider, _text(rest)[0])
            place += 2 + length
        place = end


ACCENTS = dict(
    zip(
        range(0xC1, 0xD0),
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308 \u030a\u0327 \u030b\u0328\u030c",
        strict=True,
    )
)
"""Accents of ISO/IEC 6937, which stand before their letter."""

LETTERS = {
    0xE1: "Æ",
    0xE8: "Ł",
    0xE9: "Ø",
    0xEA: "Œ",
    0xF1: "æ",
    0xF5: "ı",
    0xF8: "ł",
    0xF9: "ø",
    0xFA: "œ",
    0xFB: "ß",
}
"""Other letters of ISO/IEC 6937; the rest is read as ISO/IEC 8859-1."""


def _text(content: bytes) -> tuple[str, bytes]:
    """Return a text whose first byte is its length, and what follows it."""
    length = content[0] if content else 0
    text, rest = content[1 : 1 + length], content[1 + length :]
    coding, begin = None, 1
    if text[:1] and text[0] < 0x0C:
        coding = f"iso8859_{text[0] + 4}"
    elif text[:1] == b"\x10":
        coding, begin = f"iso8859_{text[2] if len(text) > 2 else 1}", 3
    elif text[:1] == b"\x11":
        coding = "utf_16_be"
    elif text[:1] == b"\x15":
        coding = "utf_8"
    try:
        told = text[begin:].decode(coding) if coding else _of_6937(text)
    except (LookupError, UnicodeDecodeError):
        told = ""
    return "".join(one for one in told if one.isprintable()).strip(), rest


def _of_6937(text: bytes) -> str:
    letters, accent = list[str](), ""
    for byte in text:
        if byte in ACCENTS:
            accent = ACCENTS[byte].strip()
            continue
        letters.append(LETTERS.get(byte, chr(byte)) + accent)
        accent = ""
    return unicodedata.normalize("NFC", "".join(letters))
