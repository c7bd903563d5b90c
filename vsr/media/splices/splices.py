"""The recordings concatenated in one file, and the part of it that is kept: where each lies.

The reader gives the frames of a later recording times that continue (`vsr.media.clock.Timeline`).
Its audio and subtitles are shifted by the same amount, so that they stay in sync.

Which part of the source an output holds: where on its clock it starts, how long its end is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, islice
from math import isinf
from typing import Self

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from vsr.media.clock import (
    STATION_CLOCKS,
    TICKS_PER_SECOND,
    TURN_TICKS,
    Timing,
    rounded,
    ticks,
    ticks_per_frame,
    time_of,
)
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import is_header, open_input
from vsr.values import TimeRange

LONGEST_OVERLAP_SECONDS = Fraction(1, 2)
"""Audio that reaches further into the next recording, or into the previous one, has no place."""

TURN_SECONDS = TURN_TICKS / TICKS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One of the recordings in a file, in seconds of its own clock.

    Attributes:
        packets: how many packets its video has.
        start: when its first frame is shown.
        end: when its last frame begins, or where its audio ends before a hole.
        shift: what is added to its times.
        closed: the total length of the holes before it (`splice_search`), which the reader leaves
            in the times of its frames; ``shift`` has them subtracted.
    """

    packets: int
    start: Fraction
    end: Fraction
    shift: Fraction
    closed: Fraction = Fraction(0)

    def followed_by(self, other: Recording) -> Recording:
        """Return both as one."""
        return replace(
            other,
            packets=self.packets + other.packets,
            start=min(self.start, other.start),
            end=max(self.end, other.end),
        )


class Splices:
    """Find the recording that a packet belongs to, while the whole file is demuxed.

    Streams are interleaved loosely, so that packets near a splice may belong to either side. A
    packet belongs to the recording in which its shifted time is closest to that of the video.

    Attributes:
        video: the index of the stream whose packets are passed to `follow`.
        recordings: at least one.
        has_turns: the clock wraps around (`vsr.media.clock`).
    """

    def __init__(self, video: int, recordings: Sequence[Recording], *, has_turns: bool) -> None:
        self.video = video
        self.has_turns = has_turns
        self.recordings = tuple(recordings)
        self._begins = [
            recording.start + recording.shift + recording.closed for recording in recordings
        ]
        self._ends = list(accumulate(recording.packets for recording in recordings))
        self._seen = 0
        self._current = 0
        # floats are precise enough to tell recordings apart
        self._shifts = [float(recording.shift) for recording in recordings]
        self._now = float(recordings[0].start + recordings[0].shift)

    @property
    def seconds(self) -> float:
        """From the start of the first frame to that of the last, as written."""
        first, last = self.recordings[0], self.recordings[-1]
        return float(last.end + last.shift - first.start - first.shift)

    def closing(self, time_base: Fraction) -> Callable[[int], int]:
        """Return a function from a time, as the reader gives it, to the length of the holes before.

        Args:
            time_base: of that time, and of that length.
        """
        begins = [rounded(begin / time_base) for begin in self._begins]
        lengths = [rounded(recording.closed / time_base) for recording in self.recordings]
        return lambda pts: lengths[max(0, bisect_right(begins, pts) - 1)]

    def follow(self, packet: Packet[Stream], *, is_believed: bool = True) -> None:
        """Note how far the video has got; a packet whose time is damaged is only counted."""
        if packet.is_discard or is_header(packet):
            return
        if self._seen >= self._ends[self._current] and self._current + 1 < len(self.recordings):
            self._current += 1
            recording = self.recordings[self._current]
            self._now = float(recording.start + recording.shift)
        self._seen += 1
        if packet.pts is not None and is_believed:
            self._now += self._apart(packet.pts * float(packet.time_base), self._current)[0]

    def recording_of(self, packet: Packet[Stream]) -> int | None:
        """Return the recording of another stream's packet; None if it has no time of its own.

        Wraparounds of the clock are undone in its times.
        """
        time = time_of(packet)
        if time is None or packet.stream.disposition & Disposition.attached_pic:
            return None
        here, seconds = self._current, time * float(packet.time_base)
        beside = range(max(here - 1, 0), min(here + 2, len(self.recordings)))
        recording = min(beside, key=lambda recording: abs(self._apart(seconds, recording)[0]))
        turns = self._apart(seconds, recording)[1]
        if turns:
            ticks = rounded(turns * Fraction(TURN_TICKS, TICKS_PER_SECOND) / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks
        return recording

    def is_beyond(self, recording: int, packet: Packet[Stream]) -> bool:
        """Return whether audio of a recording lies where that of its neighbour is to be heard."""
        one, time = self.recordings[recording], _seconds(packet) or Fraction(0)
        is_before = recording > 0 and time < one.start - LONGEST_OVERLAP_SECONDS
        is_after = recording + 1 < len(self.recordings) and time > one.end + LONGEST_OVERLAP_SECONDS
        return is_before or is_after

    def _apart(self, seconds: float, recording: int) -> tuple[float, int]:
        """Return how far a time of a recording is from the video, and the wraparounds it lacks.

        Of the times that a wrapping clock may mean, it is the one closest to the video.
        """
        apart = seconds + self._shifts[recording] - self._now
        if not self.has_turns:
            return apart, 0
        turns = -round(apart / TURN_SECONDS)
        return apart + turns * TURN_SECONDS, turns


def _seconds(packet: Packet[Stream]) -> Fraction | None:
    time = time_of(packet)
    return None if time is None else time * packet.time_base


MICROSECOND = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of the source that is upscaled, in seconds of its own clock.

    Attributes:
        start: None if open.
        end: None if open.
        zero: what is subtracted from the times of every stream; a part starts at 0.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    zero: Fraction = Fraction(0)

    @classmethod
    def part(cls, start: Fraction, end: Fraction | None, zero: Fraction) -> Self:
        """Return the cut for a part whose first frame is shown at ``start``.

        Args:
            zero: ``start`` without the holes that are closed before it (see `splice_search`).
        """
        return cls(start, end, zero)

    @classmethod
    def whole(
        cls, source: InputContainer, target: str, first_pts: int, time_base: Fraction
    ) -> Self:
        """Return the cut for all of a source.

        Args:
            target: FFmpeg's name of the muxer.
            first_pts: of the first frame, in ticks of ``time_base``.
            time_base: of the video; the clock is shifted by whole ticks, so that times stay exact.
        """
        keeps_clock = source.format.name not in STATION_CLOCKS or target in STATION_CLOCKS
        if keeps_clock or source.start_time is None:
            return cls()
        start = rounded(source.start_time * MICROSECOND / time_base)
        return cls(zero=min(start, first_pts) * time_base)


def last_duration_of(info: MediaInfo, pts: int, time: TimeRange = TimeRange()) -> int:
    """Return how long the frame at ``pts``, the last one, is shown, in ticks; at least 1.

    It is what the source says, as a slide may stand for minutes, else one frame at the frame rate.
    The end of a part cuts it short.

    Args:
        time: the part of the source that is upscaled.
    """
    video = info.video
    step = rounded(ticks_per_frame(video.frame_rate, video.time_base))
    said = _said(info, pts, step)
    duration = step if said is None or said <= 1 else said  # some files give every frame one tick
    if not isinf(time.end_seconds) and video.start_pts is not None:
        end = video.start_pts + ticks(Fraction(str(time.end_seconds)), video.time_base)
        duration = min(duration, end - pts)
    return max(1, duration)


MOST_REORDERED = 16
"""Frames that are decoded after one that is shown later. Source: ITU-T H.264, A.3.1: MaxDpbFrames
is at most 16.
"""


def _said(info: MediaInfo, pts: int, step: int) -> int | None:
    """Return the duration of the packet with a time; None if there is none, or it has none.

    MPEG-TS and MPEG-PS do not store any; what FFmpeg reports is the frame rate's. mp4 and mov store
    the distance to the packet decoded next, which of a reordered frame tells nothing. The sum of
    these does, but not where times are uneven: less than half of ``step`` is not believed.
    """
    if info.video.timing is not Timing.GIVEN or info.format_name in STATION_CLOCKS:
        return None
    with suppress(av.FFmpegError, OSError, OverflowError), open_input(info.path) as container:
        stream = container.streams[info.video.index]
        with suppress(av.FFmpegError):  # a format that cannot seek is read from its beginning
            container.seek(pts, stream=stream)
        packets = (packet for packet in container.demux(stream) if packet.size)
        for packet in packets:
            if packet.pts != pts:
                continue
            after = [one.pts or 0 for one in islice(packets, MOST_REORDERED)]
            if not after or not info.format_name.startswith("mov"):
                return packet.duration
            end = min((later for later in after if later > pts), default=None)
            if end is None and stream.duration is not None:
                whole = (info.video.start_pts or 0) + stream.duration
                end = whole if 2 * (whole - pts) >= step else None
            return None if end is None else end - pts
    return None
