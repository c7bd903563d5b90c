"""Plan the segments of an output: one pass over the packets, cuts at key frames of the source.

A segment is what a crash costs at most, and what another machine can do on its own. Its span, in
ticks of the source, is half-open; the spans of a plan cover the clip without gap or overlap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import isinf

from vsr.errors import InvalidOption
from vsr.media.clock import Timing, rounded, ticks, ticks_per_frame
from vsr.media.frames.telecine import Pulldown, at_cycles, pictures_in
from vsr.media.source.info import MediaInfo
from vsr.media.splices.part import empty_part
from vsr.media.splices.splice_search import RestartDetector, timed_packets
from vsr.media.station_clock import Turns
from vsr.values import PtsSpan, TimeRange

SECONDS_OF_WORK = 90.0
"""Roughly how much work a crash may cost."""

FEWEST_FRAMES = 48
"""A shorter segment would waste bits on its own key frame and the encoder's restart."""

FEWEST_RATED_FRAMES = 240
"""Encoders hold an average rate only over some ten seconds."""

MOST_FRAMES = 3000

PATIENCE = 2
"""A cut waits for a key frame until a segment is this many times its planned length."""

MOST_CUTS_WITHOUT_TIMES = 7
"""A source without times is decoded from its beginning for every segment."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of the output.

    Attributes:
        span: of the source's pts; the first is open at its start, the last at its end, unless a
            part of the clip was asked for.
        frames: how many leave it, according to the packets.
        bit_rate: that it is encoded at, where the size of the file was asked for.
    """

    index: int
    span: PtsSpan
    frames: int
    bit_rate: int | None = None


@dataclass(frozen=True, slots=True)
class Packets:
    """What one pass over the packets of the video shows.

    Attributes:
        times: of the frames, ascending, in ticks.
        keys: those of key frames, where decoding can begin, ascending.
        is_spliced: times repeat, restart or wrap around. The reader repairs them as it goes; there
            is no place to cut beforehand.
        repeated: how many more frames there are than times.
        starts_again: they restart, as in concatenated files.
    """

    times: Sequence[int]
    keys: Sequence[int]
    is_spliced: bool = False
    repeated: int = 0
    starts_again: bool = False


def frames_per_segment(seconds_per_frame: float) -> int:
    """Return how many frames make a segment, given the expected time per frame."""
    wanted = round(SECONDS_OF_WORK / max(seconds_per_frame, 1e-6))
    return min(max(wanted, FEWEST_FRAMES), MOST_FRAMES)


def plan(
    info: MediaInfo,
    frames: int = MOST_FRAMES,
    time: TimeRange = TimeRange(),
    ratio: Fraction = Fraction(1),
    film: Pulldown | None = None,
) -> tuple[Segment, ...]:
    """Cut the clip, or the requested part of it, into segments of about ``frames``.

    Args:
        frames: of the source.
        ratio: frames of the output to each of the source.
        film: how it was telecined, if its pictures are restored: then segments begin with a cycle.

    Raises:
        InvalidOption: the part holds no frame, or the clip's times are ambiguous.
        DecodingFailed: the source cannot be read.
    """
    packets = read_packets(info)
    if packets.starts_again and not time.is_whole:
        raise InvalidOption(
            f"{info.path}: its timestamps restart in the middle, as in concatenated "
            "videos: --start, --end and --max-frames are ambiguous. Upscale all of it, or split "
            "it first."
        )
    whole = span_of(info, packets.times, time)
    first, last = _indices(packets.times, whole)
    times = packets.times[first:last]
    if not times:
        raise empty_part(info, time)
    if info.video.timing is not Timing.GIVEN:
        frames = max(frames, -(-len(times) // (MOST_CUTS_WITHOUT_TIMES + 1)))
    places = [] if packets.is_spliced else cut_places(times, packets.keys, frames)
    if film is not None:
        places = at_cycles(times, places, film)
        made = pictures_in(times, places, film)
    else:
        counts = [b - a for a, b in zip([0, *places], [*places, len(times)])]
        counts[-1] += packets.repeated if time.is_whole else 0
        made = [rounded(count * ratio) for count in counts]
    edges = [whole.start, *(times[place] for place in places), whole.end]
    spans = (PtsSpan(start, end) for start, end in pairwise(edges))
    return tuple(Segment(index, *both) for index, both in enumerate(zip(spans, made)))


def read_packets(info: MediaInfo) -> Packets:
    """Read the times of all frames without decoding any.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    times: list[int] = []
    keys: list[int] = []
    restarts, starts_again, turns = RestartDetector(info), False, Turns()
    is_given = info.video.timing is Timing.GIVEN
    for packet, given in timed_packets(info, turns):
        is_counted = given is None and info.video.timing is Timing.FRAME_RATE
        time = len(times) if is_counted else given
        if time is None:
            continue
        times.append(time)
        if packet.is_keyframe:
            keys.append(time)
        starts_again |= is_given and restarts.turn_at(packet, time) < 0
    if info.video.timing is Timing.FRAME_RATE:
        start = info.video.start_pts or 0
        step = ticks_per_frame(info.video.frame_rate, info.video.time_base)
        times = [start + rounded(index * step) for index in range(len(times))]
        keys = []
    repeated = len(times) - len(set(times)) if is_given else 0
    is_spliced = starts_again or repeated > 0 or turns.are_undone
    return Packets(sorted(set(times)), sorted(set(keys)), is_spliced, repeated, starts_again)


def span_of(info: MediaInfo, times: Sequence[int], time: TimeRange) -> PtsSpan:
    """Return the span of the source's pts that ``time`` asks for.

    Seconds count from the first frame, and a frame belongs to the part if it begins in it.
    """
    if time.is_whole or not times:
        return PtsSpan()
    first = info.video.start_pts if info.video.start_pts is not None else times[0]
    base = info.video.time_base
    start = first + ticks(Fraction(str(time.start_seconds)), base)
    end = None
    if not isinf(time.end_seconds):
        end = first + ticks(Fraction(str(time.end_seconds)), base)
    if time.max_frames is not None:
        after = bisect_left(times, start) + time.max_frames
        if after < len(times) and (end is None or times[after] < end):
            end = times[after]
    return PtsSpan(start, end)


def cut_places(times: Sequence[int], keys: Sequence[int], frames: int) -> list[int]:
    """Return the indices in ``times`` at which segments after the first begin.

    A cut is at the first key frame after ``frames`` frames. If the next key frame is too far away
    (some sources have only one), it is at any frame: reading starts at the key frame before.
    """
    places: list[int] = []
    begin = 0
    while len(times) - begin >= PATIENCE * frames:
        earliest, latest = begin + frames, min(begin + PATIENCE * frames, len(times) - frames // 2)
        key = bisect_left(keys, times[earliest])
        place = earliest
        if key < len(keys) and keys[key] <= times[latest - 1]:
            place = bisect_left(times, keys[key])
        places.append(place)
        begin = place
    return places


def _indices(times: Sequence[int], span: PtsSpan) -> tuple[int, int]:
    first = 0 if span.start is None else bisect_left(times, span.start)
    last = len(times) if span.end is None else bisect_left(times, span.end)
    return first, last
