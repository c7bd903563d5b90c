"""Insert closed captions into encoded frames.

PyAV cannot pass them to an encoder along with a frame, so they are inserted into the packet:
an SEI message for H.264 and HEVC, a metadata unit for AV1. A decoder then returns them with the
same frame.

Source: ATSC A/53 part 4, 6.2.3 (cc_data); ITU-T H.264 7.3.1, 7.3.2.3.1 and D.1.6; H.265 7.3.1.1;
AV1 bitstream specification 5.3, 5.8.2 and 5.9.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

START_CODE = b"\x00\x00\x00\x01"
ITU_T_T35 = 4
"""The SEI payload type of registered user data."""

PROVIDER = b"\xb5\x00\x31GA94\x03"
"""Country code (United States), provider code (ATSC), user identifier, user data type (cc_data)."""

PROCESS_CC_DATA = 0x40
LARGEST_COUNT = 31
"""cc_count has five bits; a triplet has three bytes."""

NAL_START = re.compile(rb"\x00\x00\x01")


@dataclass(frozen=True, slots=True)
class Syntax:
    """What differs between the two codecs: the SEI's header, and which units hold a slice."""

    sei_header: bytes
    type_shift: int
    type_mask: int
    last_slice_type: int
    first_slice_type: int


SYNTAX = {
    "h264": Syntax(b"\x06", 0, 0x1F, 5, 1),
    "hevc": Syntax(b"\x4e\x01", 1, 0x3F, 31, 0),
}


OBU_FRAME_HEADER, OBU_METADATA, OBU_FRAME = 3, 5, 6
HAS_EXTENSION, HAS_SIZE = 4, 2
SHOWS = 0b1001_0000
"""show_existing_frame and show_frame, in the first byte of a frame header."""


def can_carry_captions(codec: str) -> bool:
    """Return whether captions can be written into this codec."""
    return codec in SYNTAX or codec == "av1"


def with_captions(packet: bytes, captions: bytes, codec: str) -> bytes:
    """Insert captions before the first slice of a packet (H.264, HEVC) or its shown frame (AV1).

    Args:
        packet: start codes and units (Annex B), or the units of AV1 with their sizes.
        captions: triplets of cc_data, as FFmpeg's ``A53_CC`` side data.
    """
    if codec == "av1":
        place = _shown_frame(packet)
        return packet[:place] + _metadata_unit(captions) + packet[place:]
    syntax = SYNTAX[codec]
    place = _first_slice(packet, syntax)
    return packet[:place] + START_CODE + sei(captions, codec) + packet[place:]


def sei(captions: bytes, codec: str) -> bytes:
    """Return one SEI unit with captions, without its start code."""
    data = _user_data(captions)
    body = bytes([ITU_T_T35, len(data)]) + data + b"\x80"
    return SYNTAX[codec].sei_header + _escaped(body)


def _user_data(captions: bytes) -> bytes:
    count = min(len(captions) // 3, LARGEST_COUNT)
    return PROVIDER + bytes([PROCESS_CC_DATA | count, 0xFF]) + captions[: 3 * count] + b"\xff"


def _metadata_unit(captions: bytes) -> bytes:
    """Return an AV1 unit; its size is below 128 and takes one byte (leb128)."""
    body = bytes([ITU_T_T35]) + _user_data(captions) + b"\x80"
    return bytes([OBU_METADATA << 3 | HAS_SIZE, len(body)]) + body


def _shown_frame(packet: bytes) -> int:
    """Return where the unit that shows a frame starts; hidden ones may precede it."""
    place = 0
    while place < len(packet):
        head, body = packet[place], place + 1 + bool(packet[place] & HAS_EXTENSION)
        kind = head >> 3 & 0xF
        size, body = _leb128(packet, body) if head & HAS_SIZE else (len(packet) - body, body)
        if kind in (OBU_FRAME, OBU_FRAME_HEADER) and packet[body] & SHOWS:
            return place
        place = body + size
    return 0


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    """Return a number, stored seven bits per byte from the lowest, and where it ends."""
    value = shift = 0
    while data[place] & 0x80:
        value |= (data[place] & 0x7F) << shift
        place, shift = place + 1, shift + 7
    return value | data[place] << shift, place + 1


def _first_slice(packet: bytes, syntax: Syntax) -> int:
    """Return where the start code of the first unit with a slice begins."""
    for match in NAL_START.finditer(packet):
        kind = packet[match.end()] >> syntax.type_shift & syntax.type_mask
        if syntax.first_slice_type <= kind <= syntax.last_slice_type:
            start = match.start()
            is_long = start > 0 and packet[start - 1] == 0
            return start - 1 if is_long else start
    return 0


def _escaped(payload: bytes) -> bytes:
    """Break up what would look like a start code (H.264 7.4.1)."""
    escaped, zeros = bytearray(), 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(escaped)
