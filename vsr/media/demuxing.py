"""Packets of an input from the current place on, past the places where its container is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from vsr.errors import DecodingFailed

MOST_BROKEN_READS = 100
"""So many reads in a row may fail before the rest of a file is given up."""


class Breaks(Protocol):
    """What counts the broken places: a `Damage`, a `Lost`."""

    broken_reads: int


def demuxed(
    container: InputContainer, streams: Sequence[Stream], breaks: Breaks
) -> Iterator[Packet[Stream]]:
    """Yield the packets of some streams, in the order of the file; none is empty.

    Raises:
        DecodingFailed: the file cannot be read any further (a disk or network error).
    """
    failures = 0
    while failures < MOST_BROKEN_READS:
        try:
            for packet in container.demux(list(streams)):
                if packet.size:
                    failures = 0
                    yield packet
        except (av.InvalidDataError, EOFError):
            failures += 1
            breaks.broken_reads += 1
        except (av.FFmpegError, OSError) as error:
            name = container.name.removeprefix("file:")
            raise DecodingFailed(f"{name}: reading failed ({error}). Check the disk.") from error
        else:
            return
