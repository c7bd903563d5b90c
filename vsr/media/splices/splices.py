"""The recordings concatenated in one file, and where each lies.

The reader gives the frames of a later recording times that continue (`vsr.media.clock.Timeline`).
Its audio and subtitles are shifted by the same amount, so that they stay in sync.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate

from av.packet import Packet
from av.stream import Disposition, Stream

from vsr.media.clock import rounded
from vsr.media.source.opening import is_header
from vsr.media.station_clock import TICKS_PER_SECOND, TURN_TICKS, time_of

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
        has_turns: the clock wraps around (`vsr.media.station_clock`).
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
