"""Find where the recordings in one file begin, from its packets alone; close their holes.

The packets, undecoded, are all that is known of a film before a frame is decoded. A forward jump
of the clock leaves a hole: over 10 s without video or audio. The frames before and after it keep
their times while they are read and processed, since these rise; the hole is subtracted where the
output is written, from every stream alike. If audio continues, the video has only stood still, and
there is no hole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter
from typing import TypeAlias

import av
from av.packet import Packet
from av.stream import Discard, Stream

from vsr.errors import DecodingFailed
from vsr.media.clock import Timeline, Timing, rounded, ticks_per_frame
from vsr.media.source.decoder import Damage
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import demuxed, is_header, open_input
from vsr.media.splices.splices import Recording, Splices
from vsr.media.station_clock import JUMP_SECONDS, STATION_CLOCKS, S, Turns, steady, timed, turned


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
            pts: of the packet, as `vsr.media.splices.splice_search.timed_packets` gives it.
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


def splices_in(info: MediaInfo) -> Splices | None:
    """Return where the timestamps restart, from the video's undecoded packets; None if nowhere.

    In MPEG-TS and MPEG-PS, a clock that jumps forward counts as a restart too.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    if info.video.timing is not Timing.GIVEN:
        return None  # derived times never restart
    is_station = info.format_name in STATION_CLOCKS
    recordings = _shifted(info, list(_beginnings(info)))
    if is_station:
        recordings = closed(info, recordings)
    return (
        Splices(info.video.index, recordings, has_turns=is_station) if len(recordings) > 1 else None
    )


def splices_among(
    info: MediaInfo, times: Iterable[int] | None, *, may_start_again: bool
) -> Splices | None:
    """Return the splices of a file, if frames with these times or other streams need them.

    Args:
        times: ascending, as the reader gave them; None before they are known.
        may_start_again: other streams are to be shifted wherever the video's timestamps restart.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    if info.format_name == "ogg":  # one link after another: each stream goes on by itself
        return None
    is_station = info.format_name in STATION_CLOCKS and info.video.timing is Timing.GIVEN
    jump = rounded(JUMP_SECONDS / info.video.time_base)
    may_jump = is_station and (
        times is None or any(later - earlier > jump for earlier, later in pairwise(times))
    )
    return splices_in(info) if may_start_again or may_jump else None


def _beginnings(info: MediaInfo) -> Iterator[list[int | None]]:
    """Yield the packet times of each run without a splice, in file order."""
    times: list[int | None] = []
    restarts = RestartDetector(info)
    for packet, pts in timed_packets(info, Turns()):
        if restarts.turn_at(packet, pts):
            yield times
            times = []
        times.append(pts)
    yield times


def _shifted(info: MediaInfo, runs: Sequence[Sequence[int | None]]) -> list[Recording]:
    """Return the recordings; a run that needs no shift of its own belongs to the one before it.

    Such a run is a single stray frame, which the timeline puts between its neighbours.
    """
    video, recordings = info.video, list[Recording]()
    may_jump = info.format_name in STATION_CLOCKS
    step = ticks_per_frame(video.frame_rate, video.time_base)
    timeline = Timeline(video.start_pts or 0, step)
    shown = [sorted(pts for pts in run if pts is not None) for run in runs]
    stamps = timeline.stamped(((run, pts), pts) for run, times in enumerate(shown) for pts in times)
    shifts = {run: stamp - pts for (run, pts), stamp in stamps}
    for run, times in enumerate(shown):
        if not times:
            continue
        recording = Recording(
            packets=len(runs[run]),
            start=times[0] * video.time_base,
            end=times[-1] * video.time_base,
            shift=shifts[run] * video.time_base,
        )
        is_far = may_jump and recordings and recording.start - recordings[-1].end > JUMP_SECONDS
        if recordings and recordings[-1].shift == recording.shift and not is_far:
            recording = recordings.pop().followed_by(recording)
        recordings.append(recording)
    return recordings


Interval: TypeAlias = "tuple[Fraction, Fraction]"


def closed(info: MediaInfo, recordings: Sequence[Recording]) -> list[Recording]:
    """Return the recordings with the holes between them closed; without a hole, two may become one.

    Args:
        recordings: of a format of `vsr.media.station_clock.STATION_CLOCKS`.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    step = rounded(ticks_per_frame(info.video.frame_rate, info.video.time_base))
    frame = step * info.video.time_base
    gaps = [(a.end + a.shift + frame, b.start + b.shift) for a, b in pairwise(recordings)]
    heard: dict[int, list[Interval]] = {
        place: [] for place, gap in enumerate(gaps) if _is_hole(gap)
    }
    if not heard:
        return list(recordings)
    _listen(info, recordings, gaps, heard)
    so_far, done = Fraction(0), [recordings[0]]
    for place, (recording, gap) in enumerate(zip(recordings[1:], gaps)):
        start, end = _longest_silence(gap, heard.get(place, ()))
        before, first = done.pop(), recording.start
        if _is_hole((start, end)):
            so_far += end - start
            before = replace(before, end=max(before.end, start - before.shift - before.closed))
            first = min(first, end - recording.shift)
        after = replace(recording, start=first, shift=recording.shift - so_far, closed=so_far)
        if (after.shift, after.closed) == (before.shift, before.closed):
            done.append(before.followed_by(after))
        else:
            done += [before, after]
    return done


def _is_hole(gap: Interval) -> bool:
    return gap[1] - gap[0] > JUMP_SECONDS


def _longest_silence(gap: Interval, sounds: Iterable[Interval]) -> Interval:
    """Return the longest part of a gap between frames that no audio fills."""
    longest, until = (gap[0], gap[0]), gap[0]
    for start, end in (*sorted(sounds), (gap[1], gap[1])):
        if start - until > longest[1] - longest[0]:
            longest = until, start
        until = max(until, end)
    return longest


def _listen(
    info: MediaInfo,
    recordings: Sequence[Recording],
    gaps: Sequence[Interval],
    heard: dict[int, list[Interval]],
) -> None:
    """Add to each of the given gaps, by number, the audio that plays in it."""
    splices = Splices(info.video.index, recordings, has_turns=True)
    with open_input(info.path) as container:
        chosen = [one for one in container.streams if _is_chosen(one, info)]
        for stream in container.streams:
            if stream not in chosen:
                stream.discard = Discard.all
        try:
            for packet, is_believed in steady(one for one in container.demux(chosen) if one.size):
                if packet.stream_index == info.video.index:
                    splices.follow(packet, is_believed=is_believed)
                elif is_believed:
                    _sort_in(packet, splices, gaps, heard)
        except (av.InvalidDataError, EOFError):  # the reader counts what is damaged
            pass
        except (av.FFmpegError, OSError) as error:
            raise DecodingFailed(
                f"{info.path}: reading failed ({error}). Check the disk."
            ) from error


def _is_chosen(stream: Stream, info: MediaInfo) -> bool:
    return stream.type == "audio" or stream.index == info.video.index


def _sort_in(
    packet: Packet[Stream],
    splices: Splices,
    gaps: Sequence[Interval],
    heard: dict[int, list[Interval]],
) -> None:
    recording = splices.recording_of(packet)
    if recording is None or packet.pts is None:
        return
    start = packet.pts * packet.time_base + splices.recordings[recording].shift
    end = start + (packet.duration or 0) * packet.time_base
    place = bisect_right(gaps, end, key=itemgetter(0)) - 1
    if place in heard and start < gaps[place][1]:
        heard[place].append((start, end))
