"""Plan the segments of an output: one pass over the packets, cuts at key frames of the source.

A segment is what a crash costs at most, and what another machine can do on its own. Its span, in
ticks of the source, is half-open; the spans of a plan cover the clip without gap or overlap.

Where the size of the file is given, each gets what its part of the source takes of the source: so
much is moving there. As the plan holds every rate, the bytes depend neither on the order of the
segments nor on who encodes them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import isinf

from av.audio.stream import AudioStream
from av.stream import Stream

from vsr.errors import InvalidOption
from vsr.media.clock import USUAL_FRAME_RATE, Timing, Turns, rounded, ticks, ticks_per_frame
from vsr.media.encoding.choose_encoder import LEAST_BITS_PER_SECOND
from vsr.media.frames.deinterlace import Film, at_cycles, pictures_in
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import demuxed, open_input
from vsr.media.splices.splice_search import RestartDetector, timed_packets
from vsr.media.streams.convert_audio import BITS_PER_SECOND, bit_rate_of
from vsr.media.streams.copy_streams import Fate, StreamFate, StreamPlan
from vsr.media.streams.other_streams import StreamDamage
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
    film: Film | None = None,
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
            "films: --start, --end and --max-frames are ambiguous. Upscale all of it, or split "
            "it first."
        )
    whole = span_of(info, packets.times, time)
    first, last = _indices(packets.times, whole)
    times = packets.times[first:last]
    if not times:
        long = f": it is {info.duration_seconds:.6g} s long" if info.duration_seconds else ""
        raise InvalidOption(f"{info.path}: no frame between --start and --end. Change them{long}.")
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


EVEN_SHARE = Fraction(1, 10)
"""Of the bits, shared by frames: a part that stands still is not starved."""

PACKET_BYTES = {"mp4": 20, "mov": 20, "mpegts": 120}
USUAL_PACKET_BYTES = 12
"""What a container adds to each packet, roughly."""

FLAC_SHARE = 0.65
"""What FLAC usually leaves of PCM."""


def share(
    segments: Sequence[Segment],
    source: MediaInfo,
    plan: StreamPlan,
    file_bytes: int,
    rate: Fraction | None,
) -> tuple[Segment, ...]:
    """Return the segments with the bit rate that each is encoded at.

    Args:
        segments: the plan, in order.
        plan: what happens to the other streams, whose bytes are subtracted.
        file_bytes: of the finished file.
        rate: frames per second of the output; None if unknown.

    Raises:
        InvalidOption: the other streams leave nothing.
        DecodingFailed: the source cannot be read.
    """
    video, others = _measured(segments, source, plan)
    frames = sum(one.frames for one in segments)
    added = PACKET_BYTES.get(plan.container, USUAL_PACKET_BYTES)
    left = file_bytes - others - added * frames
    rate = rate or USUAL_FRAME_RATE
    if left * 8 < LEAST_BITS_PER_SECOND * frames / rate:
        raise InvalidOption(
            f"{source.path}: --file-size {file_bytes}: the other streams and the container take "
            f"{file_bytes - left} bytes; nothing is left for the video. Choose a larger size."
        )
    even = [Fraction(one.frames, frames) for one in segments]
    total = sum(video)
    by_bytes = [Fraction(size, total) for size in video] if total else even
    shares = [EVEN_SHARE * a + (1 - EVEN_SHARE) * b for a, b in zip(even, by_bytes)]
    return tuple(
        replace(one, bit_rate=max(LEAST_BITS_PER_SECOND, int(8 * left * part * rate / one.frames)))
        if one.frames
        else one
        for one, part in zip(segments, shares)
    )


def _measured(
    segments: Sequence[Segment], source: MediaInfo, plan: StreamPlan
) -> tuple[list[int], int]:
    """Return the bytes of the source's video in each segment, and those of the other streams."""
    begins = [one.span.start or 0 for one in segments[1:]]
    whole = PtsSpan(segments[0].span.start, segments[-1].span.end)
    video, others = [0] * len(segments), 0.0
    carried = {fate.stream.index: fate for fate in plan.carried}
    added = PACKET_BYTES.get(plan.container, USUAL_PACKET_BYTES)
    with open_input(source.path) as container:
        streams = [container.streams[index] for index in (source.video.index, *carried)]
        for packet in demuxed(container, streams, StreamDamage()):
            time = packet.pts if packet.pts is not None else packet.dts
            ticks = None if time is None else int(time * packet.time_base / source.video.time_base)
            if ticks is not None and ticks not in whole:
                continue
            if packet.stream_index == source.video.index:
                video[0 if ticks is None else bisect_right(begins, ticks)] += packet.size
            else:
                seconds = float((packet.duration or 0) * packet.time_base)
                fate = carried[packet.stream_index]
                others += added + _bytes_of(packet.stream, fate, packet.size, seconds)
    return video, round(others)


def _bytes_of(stream: Stream, fate: StreamFate, size: int, seconds: float) -> float:
    """Return what a packet takes in the output, converted or not."""
    codec = fate.target_codec or ""
    if fate.fate is Fate.CONVERT and isinstance(stream, AudioStream):
        if codec in BITS_PER_SECOND:
            return bit_rate_of(stream, codec) * seconds / 8
        return size * FLAC_SHARE if codec == "flac" else size
    return size
