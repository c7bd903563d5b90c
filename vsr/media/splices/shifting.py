"""Shift the packets of later films in a file, before they are decoded, to continue the first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import accumulate

from av.packet import Packet

from vsr.media.clock.clock import STATION_CLOCKS, S, Turns, timed
from vsr.media.clock.timing import rounded
from vsr.media.source.decoder import Damage
from vsr.media.source.info import MediaInfo
from vsr.media.splices.restarts import RestartDetector
from vsr.media.splices.splice_search import splices_in


def moved(info: MediaInfo, packets: Iterable[Packet[S]], damage: Damage) -> Iterator[Packet[S]]:
    """Yield the packets of the video with times that continue across the splices of `splices_in`.

    All streams are shifted by the same amounts. Otherwise, frames lost where a recording begins
    between two key frames would put its audio out of sync.

    Args:
        packets: from the beginning of the file; changed in place.
        damage: where shifted packets are counted.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    restarts, seen, shift, is_asked = RestartDetector(info), 0, 0, False
    coming: deque[tuple[int, int]] = deque()
    is_station = info.format_name in STATION_CLOCKS
    stamped = timed(packets, Turns()) if is_station else ((one, one.pts) for one in packets)
    for packet, pts in stamped:
        if not packet.is_discard:
            if restarts.turn_at(packet, pts) < 0 and not is_asked:
                is_asked, coming = True, _shifts(info)
            while coming and seen >= coming[0][0]:
                shift = coming.popleft()[1]
            seen += 1
            damage.repaired_times += shift != 0
        _move(packet, pts, shift)
        yield packet


def _shifts(info: MediaInfo) -> deque[tuple[int, int]]:
    """Return the number of each film's first packet, and what is added to its times in ticks.

    Holes stay: they are closed where the output is written.
    """
    splices = splices_in(info)
    films = splices.films if splices else ()
    firsts = accumulate((film.packets for film in films), initial=0)
    base = info.video.time_base
    return deque(
        (first, rounded((film.shift + film.closed) / base)) for first, film in zip(firsts, films)
    )


def _move(packet: Packet[S], pts: int | None, shift: int) -> None:
    """Set the times of a packet; an implausible one is left to the timeline."""
    if packet.dts is not None and pts is not None and packet.pts is not None:
        packet.dts += pts - packet.pts + shift
    packet.pts = None if pts is None else pts + shift
