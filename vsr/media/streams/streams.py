"""Decide, before the first frame, what happens to every other stream of the source.

The container itself is tried (`vsr.media.streams.container_trial`), with each stream alone, then
with all together. What it refuses now would otherwise fail the real file hours later.
"""

from __future__ import annotations

from dataclasses import replace

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from vsr.errors import UnsuitableContainer
from vsr.media.containers import Container, container_named
from vsr.media.source.info import MediaInfo, StreamInfo
from vsr.media.source.opening import open_input
from vsr.media.streams.container_trial import accepts, add_carried, first_packets, stand_in
from vsr.media.streams.stream_plan import Fate, StreamFate, StreamPlan

__all__ = ["Fate", "StreamFate", "StreamPlan", "add_carried", "plan_streams"]

TEXT_SUBTITLES = frozenset({"srt", "subrip", "ass", "ssa", "webvtt", "mov_text", "text"})


def plan_streams(
    info: MediaInfo,
    container: str,
    *,
    keep_audio: bool = True,
    keep_subtitles: bool = True,
    is_strict: bool = False,
) -> StreamPlan:
    """Decide for every stream but the upscaled one.

    Raises:
        UnsuitableContainer: ``is_strict``, and something would be lost.
    """
    target = container_named(container)
    with open_input(info.path) as source:
        packets = first_packets(source, [stream.index for stream in info.others])
        fates = tuple(
            _refused_by_user(stream, keep_audio=keep_audio, keep_subtitles=keep_subtitles)
            or _decide(source, stream, target, packets.get(stream.index))
            for stream in info.others
        )
        plan = _together(source, StreamPlan(container=target.name, fates=fates))
    if is_strict and plan.losses:
        lost = "; ".join(str(fate) for fate in plan.losses)
        raise UnsuitableContainer(
            f"{info.path}: --strict was given, but {target.name} cannot hold everything: {lost}. "
            f"Choose .mkv, or omit --strict."
        )
    return plan


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
