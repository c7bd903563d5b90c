"""The packets of the video, undecoded, and where their timestamps restart.

They are all that is known of a film before a frame is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from vsr.media.clock import JUMP_SECONDS, STATION_CLOCKS, S, Timing, Turns, rounded, timed, turned
from vsr.media.source.decoder import Damage
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import demuxed, is_header, open_input


def video_packets(info: MediaInfo) -> Iterator[Packet[Stream]]:
    """Yield the packets of the video that are shown, in the order of the file, undecoded.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    with open_input(info.path) as container:
        uncounted = Damage()  # the reader counts what is damaged
        for packet in demuxed(container, [container.streams[info.video.index]], uncounted):
            if not packet.is_discard and not is_header(packet):
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


STEP_BACK_SECONDS = Fraction(1, 2)
"""Decoding times of a broadcast rise; a smaller step back may be one that FFmpeg had to guess."""


class RestartDetector:
    """Detect where the timestamps of the video restart, packet by packet in file order.

    They restart at a key frame whose time lies before an earlier one. Recordings in MPEG-TS and
    MPEG-PS may begin between key frames: there, a decoding time that falls or a clock that jumps
    counts too.
    """

    def __init__(self, info: MediaInfo) -> None:
        base = info.video.time_base
        self._is_station = info.format_name in STATION_CLOCKS
        self._jump = rounded(JUMP_SECONDS / base)
        self._step_back = rounded(STEP_BACK_SECONDS / base)
        self._latest: int | None = None
        self._dts: int | None = None

    def turn_at(self, packet: Packet[S], pts: int | None) -> int:
        """Return 0 if the times continue, -1 if they step back, 1 if the clock jumps forward.

        Args:
            pts: of the packet, as `vsr.media.splices.packets.timed_packets` gives it.
        """
        if pts is None:
            return 0
        dts = packet.dts
        if self._is_station and dts is not None:
            dts = turned(dts, pts)
        way = self._way(packet, pts, dts)
        self._latest = pts if way or self._latest is None else max(self._latest, pts)
        self._dts = dts
        return way

    def _way(self, packet: Packet[S], pts: int, dts: int | None) -> int:
        if self._latest is None:
            return 0
        if self._is_station and pts - self._latest > self._jump:
            return 1
        has_fallen = dts is not None and self._dts is not None and dts < self._dts - self._step_back
        is_far = self._latest - pts > self._jump
        is_back = packet.is_keyframe or (self._is_station and (has_fallen or is_far))
        return -1 if is_back and pts < self._latest else 0
