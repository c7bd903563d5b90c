"""Decide, before the first frame, what happens to every other stream of the source.

The container itself is tried, by writing to a file in memory: each stream alone, then all together.
What it refuses now would otherwise fail the real file hours later.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from vsr.media.containers import Container, container_named
from vsr.media.source.info import MediaInfo, StreamInfo
from vsr.media.source.opening import open_input
from vsr.media.streams.copy_streams import add_converted, add_copy, add_cover
from vsr.media.streams.stream_plan import Fate, StreamFate, StreamPlan

__all__ = ["Fate", "StreamFate", "StreamPlan", "add_carried", "plan_streams"]

TEXT_SUBTITLES = frozenset({"srt", "subrip", "ass", "ssa", "webvtt", "mov_text", "text"})


def plan_streams(
    info: MediaInfo,
    container: str,
    *,
    keep_audio: bool = True,
    keep_subtitles: bool = True,
) -> StreamPlan:
    """Decide for every stream but the upscaled one."""
    target = container_named(container)
    with open_input(info.path) as source:
        packets = first_packets(source, [stream.index for stream in info.others])
        fates = tuple(
            _refused_by_user(stream, keep_audio=keep_audio, keep_subtitles=keep_subtitles)
            or _decide(source, stream, target, packets.get(stream.index))
            for stream in info.others
        )
        return _together(source, StreamPlan(container=target.name, fates=fates))


def _refused_by_user(
    stream: StreamInfo, *, keep_audio: bool, keep_subtitles: bool
) -> StreamFate | None:
    if stream.kind == "audio" and not keep_audio:
        return StreamFate(stream=stream, fate=Fate.DROP, reason="--no-audio")
    is_font = stream.kind == "attachment"  # attachments are the fonts of the subtitles
    if (stream.kind == "subtitle" or is_font) and not keep_subtitles:
        return StreamFate(stream=stream, fate=Fate.DROP, reason="--no-subs")
    return None


def _decide(
    source: InputContainer, info: StreamInfo, target: Container, packet: Packet[Stream] | None
) -> StreamFate:
    stream = source.streams[info.index]
    if info.kind == "video" and not info.is_cover_art:
        return _lost(info, "only the best video stream is upscaled")
    if _is_chapter_track(stream, source):
        return StreamFate(stream=info, fate=Fate.DROP, reason="rewritten from the chapters")
    if info.kind == "data" and "timecode" in stream.metadata:
        if not target.has_track_tags:
            return _lost(info, f"{target.name} cannot hold a timecode; .mkv can")
        # Muxers write a time code track from the tag of the video stream, which is kept.
        return StreamFate(stream=info, fate=Fate.DROP, reason="rewritten from the timecode")
    if info.is_cover_art and not target.has_cover_art:
        return _lost(info, f"{target.name} cannot hold cover art")
    if info.kind == "attachment" and not target.has_attachments:
        return _lost(info, f"{target.name} cannot hold attachments")
    if info.kind == "data" and getattr(stream, "name", None) is None:
        return _lost(info, "its codec is unknown")
    copy = StreamFate(stream=info, fate=Fate.COPY)
    if packet is None and target.is_credulous:
        packet = stand_in(stream)
    if accepts(source, [copy], target, [packet]):
        return copy
    if info.codec in TEXT_SUBTITLES and target.text_subtitles is not None:
        reason = f"{target.name} does not support {info.codec}"
        convert = StreamFate(
            stream=info, fate=Fate.CONVERT, target_codec=target.text_subtitles, reason=reason
        )
        if accepts(source, [convert], target, [None]):
            return convert
    matroska = container_named("matroska")
    way_out = "; .mkv can" if accepts(source, [copy], matroska, [packet]) else ""
    return _lost(info, f"{target.name} cannot hold {info.codec}{way_out}")


def _lost(info: StreamInfo, reason: str) -> StreamFate:
    return StreamFate(stream=info, fate=Fate.DROP, reason=reason, is_loss=True)


def _is_chapter_track(stream: Stream, source: InputContainer) -> bool:
    """Return whether this is QuickTime's text track of chapters, which demuxes as data."""
    is_quicktime = "mp4" in source.format.name.split(",")
    return (
        is_quicktime
        and stream.type == "data"
        and bool(source.chapters())
        and (getattr(stream, "name", None) in (None, "bin_data", "text"))
    )


def _together(source: InputContainer, plan: StreamPlan) -> StreamPlan:
    """Drop streams from the last on until the container takes all the others at once."""
    target = container_named(plan.container)
    while plan.carried and not accepts(source, plan.carried, target, []):
        last = plan.carried[-1]
        lost = _lost(last.stream, f"{target.name} does not accept it alongside the others")
        plan = replace(plan, fates=tuple(lost if fate is last else fate for fate in plan.fates))
    return plan


PACKETS_COUNT = ("audio", "subtitle", "data")
"""Kinds of streams whose first packet is tried too: the header alone does not show everything."""

PROBED_PACKETS = 400
"""How far into the source to look for the first packet of each stream."""


def accepts(
    source: InputContainer,
    fates: Sequence[StreamFate],
    target: Container,
    packets: Sequence[Packet[Stream] | None],
) -> bool:
    """Return whether a container accepts streams together, judged by headers and first packets."""
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=target.name) as output:
            streams = [add_carried(output, source, fate) for fate in fates]
            kinds = [stream.type for stream in streams]
            output.start_encoding()
            for stream, packet in zip(streams, packets):
                if packet is not None:
                    _mux_copy(output, stream, packet)
        return not (target.is_credulous and any(packets)) or _kinds_in(file, target) == kinds
    except (av.FFmpegError, OSError, ValueError):
        return False


def _kinds_in(file: io.BytesIO, container: Container) -> list[str]:
    file.seek(0)
    with av.open(file, format=container.name) as written:
        return [stream.type for stream in written.streams]


def add_carried(output: OutputContainer, source: InputContainer, fate: StreamFate) -> Stream:
    """Add the stream of the output that carries a stream of the source."""
    stream = source.streams[fate.stream.index]
    if fate.stream.is_cover_art and output.format.name == "matroska":
        return add_cover(output, stream)
    if fate.target_codec is None:
        return add_copy(output, stream)
    return add_converted(output, stream, fate.target_codec)


def _mux_copy(output: OutputContainer, stream: Stream, packet: Packet[Stream]) -> None:
    if stream.type == "attachment":
        return
    copy: Packet[Stream] = Packet(bytes(packet))
    copy.time_base, copy.pts, copy.dts = packet.time_base, packet.pts, packet.dts
    copy.duration, copy.is_keyframe, copy.stream = packet.duration, True, stream
    output.mux(copy)


def stand_in(stream: Stream) -> Packet[Stream]:
    """Return a dummy packet for a stream whose first one comes late; its content is irrelevant."""
    packet: Packet[Stream] = Packet(bytes(16))
    assert stream.time_base is not None
    packet.time_base, packet.pts, packet.dts = stream.time_base, 0, 0
    return packet


def first_packets(source: InputContainer, wanted: Sequence[int]) -> dict[int, Packet[Stream]]:
    """Return the first packet of each wanted stream that has one near the start."""
    found: dict[int, Packet[Stream]] = {}
    missing = {index for index in wanted if source.streams[index].type in PACKETS_COUNT}
    if not missing:
        return found
    try:
        for count, packet in enumerate(source.demux()):
            if packet.size and packet.stream_index in missing:
                found[packet.stream_index] = packet
                missing.discard(packet.stream_index)
            if not missing or count >= PROBED_PACKETS:
                break
    except (av.FFmpegError, OSError, ValueError):  # the reader counts damage further on
        pass
    return found
