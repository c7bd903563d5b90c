"""Where the timestamps of the video restart, seen packet by packet."""

from __future__ import annotations

from fractions import Fraction

from av.packet import Packet

from vsr.media.clock.clock import JUMP_SECONDS, STATION_CLOCKS, S, turned
from vsr.media.clock.timing import rounded
from vsr.media.source.info import MediaInfo

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
