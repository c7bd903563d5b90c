"""Samples that a decoder drops at both ends of a sound, told to mp4 and mov by times alone.

Matroska stores how many there are, and times in milliseconds: the first packet of Opus, 6.5 ms of
which are not heard, is read as beginning at -7 ms. In mp4 an edit list made of that time would drop
24 samples too many. What is dropped at the end, mp4 tells by a shorter last packet.

Source: RFC 9559, 5.1.4.1.25 (CodecDelay) and 5.1.3.5.7 (DiscardPadding); Encapsulation of Opus in
ISO Base Media File Format, 4.3.6.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from math import floor

from av.packet import Packet
from av.stream import Stream

from vsr.media.clock import rescaled, rounded

DROPPED = struct.Struct("<II")
"""Samples before the first and after the last that are heard, of a packet. Source: FFmpeg,
libavcodec/packet.h (``AV_PKT_DATA_SKIP_SAMPLES``)."""


class SkippedSamples:
    """The packets of one copied sound, with times that drop what their side data says."""

    def __init__(self, rate: int) -> None:
        """Take the samples a second, which become the packets' clock."""
        self._sample = Fraction(1, rate)
        self._longest = Fraction(0)

    def drop(self, packet: Packet[Stream]) -> None:
        """Change the times of a packet in place; it is still of the source's stream."""
        base, sample, tick = Fraction(packet.time_base), self._sample, packet.stream.time_base
        # some files have the duration of the last one without what is dropped
        self._longest = max(self._longest, (packet.duration or 0) * base)
        if not packet.has_sidedata("skip_samples"):
            return
        data = bytes(packet.get_sidedata("skip_samples"))
        before, after = DROPPED.unpack_from(data.ljust(DROPPED.size, b"\0"))
        assert packet.pts is not None
        pts, duration = rescaled(packet.pts, base, sample), packet.duration or 0
        if before and tick is not None and tick > sample:  # what is heard begins on a tick
            heard = floor((packet.pts * base + before * sample) / tick + Fraction(1, 2))
            pts = rescaled(heard, Fraction(tick), sample) - before
        kept = rounded(self._longest / sample) - after
        packet.duration = max(1, kept) if after else rescaled(duration, base, sample)
        packet.pts = packet.dts = pts
        packet.time_base = sample
