"""The bit rate of each segment, where the size of the file is given.

Each gets what its part of the source takes of the source: so much is moving there. As the plan
holds every rate, the bytes depend neither on the order of the segments nor on who encodes them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from av.audio.stream import AudioStream
from av.stream import Stream

from vsr.errors import InvalidOption
from vsr.media.clock import USUAL_FRAME_RATE
from vsr.media.encoding.choose_encoder import LEAST_BITS_PER_SECOND
from vsr.media.resume.segments import Segment
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import demuxed, open_input
from vsr.media.streams.convert_audio import BITS_PER_SECOND, bit_rate_of
from vsr.media.streams.other_streams import StreamDamage
from vsr.media.streams.stream_plan import Fate, StreamFate, StreamPlan
from vsr.values import PtsSpan

EVEN_SHARE = Fraction(1, 10)
"""The share of the bits that goes to all frames alike, so that a part that stands still is not
starved."""

PACKET_BYTES = {"mp4": 20, "mov": 20, "mpegts": 120}

USUAL_PACKET_BYTES = 12
"""Roughly what a container adds to each packet."""

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
