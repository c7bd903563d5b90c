"""Which packets have not given a frame: what a decoder leaves out without an error is lost too.

A decoder drops frames whose references are missing, and under frame threads PyAV passes over some
errors, so the errors do not say how many frames are lost.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from av.packet import Packet
from av.video.frame import VideoFrame

from vsr.media.clock import rounded
from vsr.media.station_clock import STATION_CLOCKS, S

ONE_FRAME_EACH = frozenset({
    "h264", "hevc", "vp8", "vp9", "av1", "mpeg1video", "mpeg2video", "prores", "dnxhd", "ffv1",
    "mjpeg",
})  # fmt: skip
"""Codecs of which every packet that is shown gives a frame. Not MPEG-4 (packed B-frames) or Theora
(repeats), whose packets may rightly give none.
"""

FIELD = Fraction(3, 4)
"""A packet that follows an interlaced frame by less than this share of a frame is its second field.
"""


class OwedFrames:
    """Counts the packets of one stream that owe a frame, by their times.

    Not owed are pictures that lead the first key frame, whose references nobody has (RASL of HEVC),
    and in recordings whatever comes before the first frame that can be decoded.

    Args:
        step: how long a frame lasts, in ticks.
        format_name: of the container.
    """

    def __init__(self, codec: str, step: Fraction, format_name: str) -> None:
        self.is_counted = codec in ONE_FRAME_EACH
        self._codec = codec
        self._step = step
        self._is_station = format_name in STATION_CLOCKS
        self._owed: Counter[int] = Counter()
        self._first_key: int | None = None
        self._first: int | None = None
        self._last: int | None = None

    def expect(self, packet: Packet[S]) -> bool:
        """Add a packet that goes to the decoder; return whether it owes a frame."""
        pts = packet.pts
        if not self.is_counted or pts is None or packet.is_discard:
            return False
        if packet.is_keyframe and self._first_key is None:
            self._first_key = pts
        leads = self._first_key is not None and pts < self._first_key
        if leads or not _is_shown(self._codec, packet):
            return False
        self._owed[pts] += 1
        return True

    def take(self, frame: VideoFrame) -> None:
        """Settle the packet of a frame."""
        pts = frame.pts
        if pts is None:
            return
        self._first = pts if self._first is None else min(self._first, pts)
        self._last = pts if self._last is None else max(self._last, pts)
        self._owed[pts] -= 1
        if self._owed[pts] <= 0:
            del self._owed[pts]
        if frame.interlaced_frame:
            reach = pts + rounded(FIELD * self._step)
            for second in [other for other in self._owed if pts < other < reach]:
                del self._owed[second]

    def is_new(self, frame: VideoFrame) -> bool:
        """Return whether a frame comes after all that were taken."""
        return frame.pts is not None and (self._last is None or frame.pts > self._last)

    @property
    def count(self) -> int:
        """How many packets have not given their frame."""
        first = self._first if self._is_station else None
        return sum(count for pts, count in self._owed.items() if first is None or pts > first)


def _is_shown(codec: str, packet: Packet[S]) -> bool:
    """Return whether a packet is of a frame that is shown.

    Source: RFC 6386, 9.1 (VP8); VP9 bitstream specification 0.6, 6.2.
    """
    if codec not in ("vp8", "vp9") or packet.size == 0:
        return True
    head = memoryview(packet)[0]
    if codec == "vp8":
        return bool(head & 0x10)
    has_reserved = head & 0x30 == 0x30
    bits = head << 1 if has_reserved else head
    shows_existing, is_shown = bits & 0x08, bits & 0x02
    is_superframe = memoryview(packet)[packet.size - 1] & 0xE0 == 0xC0
    return bool(shows_existing or is_shown or is_superframe)
