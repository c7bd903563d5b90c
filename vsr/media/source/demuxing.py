"""Packets of an input from the current position on, past broken places of its container."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from vsr.errors import DecodingFailed

MOST_BROKEN_READS = 100
"""After so many failed reads in a row, the rest of a file is given up."""


class Breaks(Protocol):
    """Counts broken places: `Damage` in `decoder`, `Lost` in `vsr.media.streams.other_streams`."""

    broken_reads: int


def demuxed(
    container: InputContainer, streams: Sequence[Stream], breaks: Breaks
) -> Iterator[Packet[Stream]]:
    """Yield the packets of the given streams, in file order; none is empty.

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
