"""The packets of the video, undecoded: all that is known of a film before a frame is decoded."""

from __future__ import annotations

from collections.abc import Iterator

from av.packet import Packet
from av.stream import Stream

from vsr.media.clock.clock import STATION_CLOCKS, Turns, timed
from vsr.media.clock.timing import Timing
from vsr.media.source.decoder import Damage
from vsr.media.source.demuxing import demuxed
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input


def video_packets(info: MediaInfo) -> Iterator[Packet[Stream]]:
    """Yield the packets of the video that are shown, in the order of the file, undecoded.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    with open_input(info.path) as container:
        uncounted = Damage()  # the reader counts what is damaged
        for packet in demuxed(container, [container.streams[info.video.index]], uncounted):
            if not packet.is_discard:
                yield packet


def timed_packets(info: MediaInfo, turns: Turns) -> Iterator[tuple[Packet[Stream], int | None]]:
    """Yield the packets of the video with the times from which the reader derives its own.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    packets = video_packets(info)
    if info.video.timing is not Timing.GIVEN:
        yield from ((packet, packet.dts) for packet in packets)
    elif info.format_name in STATION_CLOCKS:
        yield from timed(packets, turns)
    else:
        yield from ((packet, packet.pts) for packet in packets)
