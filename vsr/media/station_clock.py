"""The clock of MPEG-TS and MPEG-PS, which wraps around every 26.5 h, and may be reset or damaged.

FFmpeg undoes one wraparound, relative to where the file begins: it adds 2³³ ticks to whatever lies
over a minute before that. In concatenated files that is wrong, and a film would begin 26.5 h late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from av.packet import Packet
from av.stream import Stream

S = TypeVar("S", bound=Stream)

STATION_CLOCKS = frozenset({"mpegts", "mpeg"})
"""Formats whose timestamps come from a clock that has been running for hours, at a broadcaster or
on a disc. Other containers would show those hours as an empty beginning.
"""

TICKS_PER_SECOND = 90_000
TURN_TICKS = 1 << 33
"""The clock has 33 bits. Source: ISO/IEC 13818-1, 2.4.3.7."""

JUMP_SECONDS = 10
"""A longer jump forward means that the clock was reset; a shorter one may be a still frame.

Source: ``-dts_delta_threshold`` of ffmpeg.
"""


def turned(time: int, near: int) -> int:
    """Return a time, shifted by whole wraparounds of the clock to be closest to another one."""
    return time + (near - time + TURN_TICKS // 2) // TURN_TICKS * TURN_TICKS


class Turns:
    """Undo the wraparounds of the clock: each time becomes the one closest to the time before.

    Attributes:
        are_undone: at least one time has been changed.
    """

    def __init__(self) -> None:
        self.are_undone = False
        self._last: int | None = None

    def undone(self, time: int) -> int:
        """Return a time, in ticks, without the wraparounds since the time before."""
        last = time if self._last is None else turned(time, self._last)
        self.are_undone |= last != time
        self._last = last
        return last


def steady(packets: Iterable[Packet[S]]) -> Iterator[tuple[Packet[S], bool]]:
    """Yield each packet, and whether its time is plausible; subtitles may come at any time.

    The time of an audio or video packet is damaged if it lies far from those before and after it in
    its stream, while these lie close together; so is that of the last audio packet after a jump. A
    packet after a jump is held back until the next one of its stream arrives.
    """
    known: dict[int, int] = {}
    held: dict[int, Packet[S]] = {}
    sounds: set[int] = set()  # noted while the file is open: a packet loses its stream with it
    for packet in packets:
        index, time = packet.stream_index, time_of(packet)
        kind = packet.stream.type
        if time is None or kind not in ("audio", "video"):
            yield packet, True
            continue
        if kind == "audio":
            sounds.add(index)
        earlier = held.pop(index, None)
        if earlier is not None:
            is_believed = not _is_near(time, known[index])
            if is_believed:
                known[index] = time_of(earlier) or 0
            yield earlier, is_believed
        if index in known and not _is_near(time, known[index]):
            held[index] = packet
        else:
            known[index] = time
            yield packet, True
    for index, packet in held.items():
        yield packet, index not in sounds


def timed(packets: Iterable[Packet[S]], turns: Turns) -> Iterator[tuple[Packet[S], int | None]]:
    """Yield the packets of one stream and their presentation times, without wraparounds.

    A time that is missing or damaged is None.
    """
    for packet, is_believed in steady(packets):
        pts = packet.pts if is_believed else None
        yield packet, None if pts is None else turns.undone(pts)


def time_of(packet: Packet[S]) -> int | None:
    """Return a packet's presentation time in ticks, or else its decoding time, or None."""
    return packet.pts if packet.pts is not None else packet.dts


def _is_near(time: int, other: int) -> bool:
    return abs(turned(time, other) - other) <= JUMP_SECONDS * TICKS_PER_SECOND
