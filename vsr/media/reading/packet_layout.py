"""What all packets of a file say, undecoded: where they lie, when they end, where sound pauses.

A damaged file shows by it what it has lost: bytes that belong to no packet, and silence in sound.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low, quantiles
from typing import Self, TypeVar

from av.packet import Packet
from av.stream import Stream

from vsr.media.source.decoder import Damage
from vsr.media.source.describe import tagged_seconds
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import demuxed, open_input
from vsr.media.station_clock import STATION_CLOCKS, time_of

LEAST_SHARE = 0.25
"""The share of the bytes of missing frames, taken as small ones, that must belong to no packet."""

LONG_PAUSE = 4
"""Packets of sound that are missing in a row, for a pause that is damage."""

SEEN_AND_HEARD = ("video", "audio")
"""Kinds of streams that show where a film that was cut short ends; a subtitle may outlast it."""

Ticks = TypeVar("Ticks", int, float)


@dataclass(slots=True)
class PacketLayout:
    """What all packets of a file say: where the video's are, and what belongs to any stream.

    Attributes:
        video: (pts, position) of each packet of the video, in the order of times.
        sizes: of those packets.
        suspect: times of those that the demuxer finds damaged, ascending.
        used: position → end of all packets that begin there, of any stream; empty where packets
            are spread over the file (MPEG-TS and MPEG-PS).
        sound: when packets of each stream of sound begin, ascending, in ticks of the video, which
            may be longer than they are. Those of several together would seem to have no usual
            distance.
        end_seconds: when the last packet of video or sound ends.
        end_of_all_seconds: when the last of any stream does. Headers count a subtitle that stands
            longer than the film.
        video_seconds: when the video ends, as Matroska's tags say; 0 if they do not.
    """

    video: list[tuple[int, int]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    suspect: list[int] = field(default_factory=list)
    used: dict[int, int] = field(default_factory=dict)
    sound: dict[int, list[float]] = field(default_factory=dict)
    end_seconds: float = 0.0
    end_of_all_seconds: float = 0.0
    video_seconds: float = 0.0

    @classmethod
    def read(cls, info: MediaInfo) -> Self:
        """Read every packet of a file, decoding none.

        Raises:
            DecodingFailed: the file cannot be read.
        """
        layout, latest = cls(), dict[int, int]()
        is_spread = info.format_name in STATION_CLOCKS
        with open_input(info.path) as container:
            streams = [one for one in container.streams if one.type != "attachment"]
            layout.video_seconds = tagged_seconds(container.streams[info.video.index].metadata)
            for packet in demuxed(container, streams, Damage()):
                index, time = packet.stream_index, time_of(packet)
                if time is not None:
                    earlier = latest.get(index, time)
                    latest[index] = max(earlier, time)
                    layout._take_end(packet, _end_seconds(packet, time, earlier))
                if time is not None and packet.stream.type == "audio":
                    begins = float(time * packet.time_base / info.video.time_base)
                    layout.sound.setdefault(index, []).append(begins)
                is_video = index == info.video.index and packet.pts is not None
                if is_video and packet.is_corrupt:
                    layout.suspect.append(packet.pts or 0)
                if not is_spread:
                    layout._take_place(packet, is_video=is_video)
        layout.video.sort()
        for sound in layout.sound.values():
            sound.sort()
        return layout

    def is_silent(self, start: int, end: int) -> bool:
        """Return whether sound, which there is before and after, pauses for most of a time."""
        around = [one for one in self.sound.values() if one[0] <= start and one[-1] >= end]
        return bool(around) and all(_is_silent(one, start, end) for one in around)

    def pauses_after(self, pts: int) -> bool:
        """Return whether sound pauses, and goes on, after a time."""
        going_on = [one for one in self.sound.values() if one[-1] > pts]
        return bool(going_on) and all(_pauses_after(one, pts) for one in going_on)

    def lacks(self, frames: int) -> bool:
        """Return whether so many frames could lie anywhere between the packets."""
        return bool(self.used) and self.is_free(min(self.used), max(self.used), frames)

    def is_free(self, first: int, last: int, frames: int) -> bool:
        """Return whether bytes between two positions belong to nobody, as of so many frames."""
        if len(self.sizes) < 2:
            return False
        reach, free = first, 0
        for position in sorted(one for one in self.used if first <= one <= last):
            free, reach = max(free, position - reach), max(reach, self.used[position])
        return free > max(64, LEAST_SHARE * quantiles(self.sizes, n=4)[0] * frames)

    def _take_end(self, packet: Packet[Stream], seconds: float) -> None:
        """Note when a packet ends."""
        self.end_of_all_seconds = max(self.end_of_all_seconds, seconds)
        if packet.stream.type in SEEN_AND_HEARD:
            self.end_seconds = max(self.end_seconds, seconds)

    def _take_place(self, packet: Packet[Stream], *, is_video: bool) -> None:
        """Note where a packet lies in the file, if its demuxer tells."""
        if packet.pos is None or packet.pos < 0:
            return
        self.used[packet.pos] = self.used.get(packet.pos, packet.pos) + packet.size
        if is_video:
            self.video.append((packet.pts or 0, packet.pos))
            self.sizes.append(packet.size)


def _is_silent(sound: Sequence[float], start: int, end: int) -> bool:
    first, last = bisect_left(sound, start), bisect_left(sound, end)
    expected = (end - start) / usual_step(sound)
    return expected >= 2 and last - first <= expected / 2


def _pauses_after(sound: Sequence[float], pts: int) -> bool:
    later = sound[max(0, bisect_left(sound, pts) - 1) :]
    return any(b - a > LONG_PAUSE * usual_step(sound) for a, b in pairwise(later))


def usual_step(times: Sequence[Ticks]) -> Ticks:
    """Return the median step; both fields of a frame may have the time of one, which is none."""
    steps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    return median_low(steps) if steps else type(times[0])(1)


def _end_seconds(packet: Packet[Stream], time: int, earlier: int) -> float:
    """Return when a packet ends; FLV tells no duration of sound: it lasts as the one before."""
    lasting = packet.duration or 0
    if not lasting and packet.stream.type == "audio":
        lasting = max(0, time - earlier)
    return float((time + lasting) * packet.time_base)
