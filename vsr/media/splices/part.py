"""Which part of the source an output holds: where its clock starts, and how long its end is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from math import isinf
from typing import Self

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from vsr.errors import InvalidOption
from vsr.media.clock import Timing, rounded, ticks, ticks_per_frame
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input
from vsr.media.station_clock import STATION_CLOCKS
from vsr.values import TimeRange

MICROSECOND = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of the source that is upscaled, in seconds of its own clock.

    Attributes:
        start: None if open.
        end: None if open.
        zero: what is subtracted from the times of every stream. A part starts at 0: it is its
            start, without the holes that are closed before it (see `splice_search`).
    """

    start: Fraction | None = None
    end: Fraction | None = None
    zero: Fraction = Fraction(0)

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


def skipped_before(info: MediaInfo, start: Fraction) -> Fraction:
    """Return how many seconds of a film come before what is shown at ``start`` of its clock."""
    return max(Fraction(0), start - shown_from(info))


def shown_from(info: MediaInfo) -> Fraction:
    """Return when the first frame of a film is shown, in seconds of its clock."""
    return (info.video.start_pts or 0) * info.video.time_base


def last_duration_of(info: MediaInfo, pts: int, time: TimeRange = TimeRange()) -> int:
    """Return how long the frame at ``pts``, the last one, is shown, in ticks; at least 1.

    It is what the source says, as a slide may stand for minutes, else one frame at the frame rate.
    The end of a part cuts a slide short, to one frame at the frame rate at least: an even rate
    stays even.

    Args:
        time: the part of the source that is upscaled.
    """
    video = info.video
    step = rounded(ticks_per_frame(video.frame_rate, video.time_base))
    own = _duration_in_source(info, pts, step)
    duration = step if own is None or own <= 1 else own  # some files give every frame one tick
    if not isinf(time.end_seconds) and video.start_pts is not None:
        end = video.start_pts + ticks(Fraction(str(time.end_seconds)), video.time_base)
        duration = min(duration, max(end - pts, step))
    return max(1, duration)


def empty_part(info: MediaInfo, time: TimeRange) -> InvalidOption:
    """Return the refusal of a part in which no frame begins, with the length of the film."""
    long = f": it is {info.duration_seconds:.6g} s long" if info.duration_seconds else ""
    if isinf(time.end_seconds):
        return InvalidOption(f"{info.path}: no frame after --start. Choose an earlier time{long}.")
    return InvalidOption(f"{info.path}: no frame between --start and --end. Change them{long}.")


MOST_REORDERED = 16
"""Frames that are decoded after one that is shown later. Source: ITU-T H.264, A.3.1: MaxDpbFrames
is at most 16.
"""


def _duration_in_source(info: MediaInfo, pts: int, step: int) -> int | None:
    """Return how long the source shows the frame with a time; None if it does not say.

    It is shown until the next one, else for the duration of its packet, which other formats than
    mp4 and mov derive from the frame rate where none is stored. These two store the distance to the
    packet decoded next, which of a reordered frame tells nothing. The sum of these does, but not
    where times are uneven: less than half of ``step`` is not believed. MPEG-TS and MPEG-PS do not
    store any duration.
    """
    if info.video.timing is not Timing.GIVEN or info.format_name in STATION_CLOCKS:
        return None
    with suppress(av.FFmpegError, OSError, OverflowError), open_input(info.path) as container:
        stream = container.streams[info.video.index]
        packets = _packets_up_to(pts, container, stream, MOST_REORDERED * step)
        before: list[int] = []  # decoded before it, and shown after it
        for packet in packets:
            if packet.pts != pts:
                if packet.pts is not None and packet.pts > pts:
                    before.append(packet.pts)
                continue
            after = [one.pts or 0 for one in islice(packets, MOST_REORDERED)]
            if later := [one for one in (*before, *after) if one > pts]:
                return min(later) - pts
            if not after or not info.format_name.startswith("mov"):
                return packet.duration
            if info.missing_bytes:  # it is the last one that is left, not the last one of all
                return None
            whole = (info.video.start_pts or 0) + (stream.duration or 0)
            return whole - pts if 2 * (whole - pts) >= step else None
    return None


def _packets_up_to(
    pts: int, container: InputContainer, stream: Stream, ticks_back: int
) -> Iterator[Packet[Stream]]:
    """Return the packets of a stream from a key frame that is shown no later than a time.

    mp4 and mov are sought by decoding times: there it may be a later one.
    """
    for sought in (pts, pts - ticks_back, stream.start_time or 0):
        with suppress(av.FFmpegError):  # a format that cannot seek is read from its beginning
            container.seek(sought, stream=stream)
        packets = (packet for packet in container.demux(stream) if packet.size)
        first = next(packets, None)
        if first is not None and first.pts is not None and first.pts <= pts:
            return chain([first], packets)
    return iter(())
