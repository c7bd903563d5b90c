"""Decide, before the first frame, what happens to every other stream of the source.

The container itself is tried, by writing to a file in memory: each stream alone, then all together.
What it refuses now would otherwise fail the real file hours later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from vsr.errors import UnsuitableContainer
from vsr.media.containers import CONTAINERS, Container, container_named
from vsr.media.source.info import MediaInfo, StreamInfo
from vsr.media.source.opening import NOT_A_MOVING_PICTURE, open_input, why_better
from vsr.media.source.programmes import other_programmes, programmes_in
from vsr.media.source.variants import variants_in
from vsr.media.streams.container_trial import (
    Packets,
    first_packets,
    obstacle_to,
    stand_in,
)
from vsr.media.streams.convert_audio import conversions
from vsr.media.streams.convert_text import ASS, LOST_IN_PLAIN
from vsr.media.streams.stream_plan import Fate, StreamFate, StreamPlan
from vsr.specs import AudioChoice

TEXT_SUBTITLES = frozenset({"srt", "subrip", "ass", "ssa", "webvtt", "mov_text", "text"})


def plan_streams(
    info: MediaInfo,
    container: str,
    *,
    keep_audio: bool = True,
    keep_subtitles: bool = True,
    audio: AudioChoice = "auto",
) -> StreamPlan:
    """Decide for every stream but the upscaled one.

    Args:
        audio: ``auto`` converts sound that the container cannot hold.

    Raises:
        UnsuitableContainer: there is such sound, and ``audio`` is ``copy``.
    """
    target = container_named(container)
    with open_input(info.path) as source:
        foreign = _foreign(source, info)
        packets = first_packets(source, [stream.index for stream in info.others], target)
        fates = tuple(
            _refused_by_user(stream, keep_audio=keep_audio, keep_subtitles=keep_subtitles)
            or _other_video(source, stream, info.video.index)
            or _of_other_programme(stream, foreign)
            or _decide(source, stream, target, packets.get(stream.index, []))
            for stream in info.others
        )
        if audio == "copy":
            _refuse_other_audio(info, fates)
        return _together(source, StreamPlan(container=target.name, fates=fates))


def _refuse_other_audio(info: MediaInfo, fates: Sequence[StreamFate]) -> None:
    for fate in fates:
        if fate.stream.kind == "audio" and (fate.fate is Fate.CONVERT or fate.is_loss):
            raise UnsuitableContainer(
                f"{info.path}: --audio copy: {fate.reason}. Choose a container that can, or omit "
                f"--audio copy to convert the sound (stream {fate.stream.index})."
            )


def _refused_by_user(
    stream: StreamInfo, *, keep_audio: bool, keep_subtitles: bool
) -> StreamFate | None:
    if stream.kind == "audio" and not keep_audio:
        return StreamFate(stream=stream, fate=Fate.DROP, reason="--no-audio")
    is_font = stream.kind == "attachment"  # attachments are the fonts of the subtitles
    if (stream.kind == "subtitle" or is_font) and not keep_subtitles:
        return StreamFate(stream=stream, fate=Fate.DROP, reason="--no-subs")
    return None


def _other_video(source: InputContainer, info: StreamInfo, best: int) -> StreamFate | None:
    """Return that a video stream beside the best one is lost, and why; None for other streams."""
    if info.kind != "video" or info.is_cover_art:
        return None
    chosen, other = source.streams[best], source.streams[info.index]
    assert isinstance(chosen, VideoStream)
    if not isinstance(other, VideoStream) or other.codec_context is None:
        return _lost(info, "it cannot be decoded")
    if other.disposition & NOT_A_MOVING_PICTURE:
        return _lost(info, "it is a part of another image, not a video")
    return _lost(info, f"only one is upscaled: stream {best}, which {why_better(chosen, other)}")


SHOWN_APART = {"mpegts": (programmes_in, "programme"), "hls": (variants_in, "variant")}
"""Formats, by FFmpeg's name, that hold several presentations, of which one is shown: a function
that finds them, and what they are called."""


def _foreign(source: InputContainer, info: MediaInfo) -> dict[int, str]:
    """Return why streams do not belong to the video, by index."""
    if info.format_name not in SHOWN_APART:
        return {}
    find, word = SHOWN_APART[info.format_name]
    foreign = other_programmes(find(info.path), source.streams[info.video.index].id)
    return {
        one.index: f"it belongs to another {word}: {foreign[one.id]}"
        for one in source.streams
        if one.id in foreign
    }


def _of_other_programme(stream: StreamInfo, foreign: Mapping[int, str]) -> StreamFate | None:
    return _lost(stream, foreign[stream.index]) if stream.index in foreign else None


def _decide(
    source: InputContainer, info: StreamInfo, target: Container, packets: Packets
) -> StreamFate:
    stream = source.streams[info.index]
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
    if target.is_bare:
        what = "images hold" if target.is_sequence else f"{target.name} holds"
        return _lost(info, f"{what} only the frames")
    copy, obstacle = _copied(source, info, target, packets)
    if copy is not None:
        return copy
    if info.codec in TEXT_SUBTITLES and target.text_subtitles is not None:
        convert = _converted_text(source, info, target.text_subtitles, target.name, packets)
        if not obstacle_to(source, [convert], target, [()]):
            return convert
    reason = f"{obstacle}{_ways_out(source, info, packets)}"
    return _converted_audio(source, info, target, reason) or _lost(info, reason)


def _converted_text(
    source: InputContainer, info: StreamInfo, codec: str, container: str, packets: Packets
) -> StreamFate:
    """Return the conversion of a text subtitle, and what it loses."""
    reason = f"{container} does not support {info.codec}"
    lost = LOST_IN_PLAIN.get(info.codec)
    if info.codec == "subrip" and codec == "mov_text":
        reason += ", nor cues that are placed"
    if lost is None or {codec, info.codec} <= ASS:
        return StreamFate(stream=info, fate=Fate.CONVERT, target_codec=codec, reason=reason)
    reason += f", whose {lost} are lost{_ways_out(source, info, packets)}"
    return StreamFate(
        stream=info, fate=Fate.CONVERT, target_codec=codec, reason=reason, is_loss=True
    )


def _converted_audio(
    source: InputContainer, info: StreamInfo, target: Container, reason: str
) -> StreamFate | None:
    """Return the best conversion of sound that the container takes; None if there is none."""
    for encoder, is_loss in conversions(source.streams[info.index], target):
        convert = StreamFate(
            stream=info, fate=Fate.CONVERT, target_codec=encoder, reason=reason, is_loss=is_loss
        )
        if not obstacle_to(source, [convert], target, [()]):
            return convert
    return None


def _copied(
    source: InputContainer, info: StreamInfo, target: Container, packets: Packets
) -> tuple[StreamFate | None, str]:
    """Return how a container takes a stream unchanged, or None and why it does not."""
    copy = StreamFate(stream=info, fate=Fate.COPY)
    if not packets and target.is_credulous:
        packets = (stand_in(source.streams[info.index]),)
    obstacle = obstacle_to(source, [copy], target, [packets])
    if obstacle and info.kind == "audio" and target.name == "matroska" and not source.chapters():
        copy = replace(copy, is_acm=True)
        if not obstacle_to(source, [copy], target, [packets]):
            return copy, ""
    return (None, obstacle) if obstacle else (copy, "")


def _ways_out(source: InputContainer, info: StreamInfo, packets: Packets) -> str:
    """Return which containers take a stream, as the end of a sentence."""
    found = [
        one.suffixes[0] for one in CONTAINERS if _copied(source, info, one, packets)[0] is not None
    ]
    if not found:
        return ""
    return f"; {' and '.join(filter(None, [', '.join(found[:-1]), found[-1]]))} can"


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
    while plan.carried and obstacle_to(source, plan.carried, target, []):
        last = plan.carried[-1]
        lost = _lost(last.stream, f"{target.name} does not accept it alongside the others")
        plan = replace(plan, fates=tuple(lost if fate is last else fate for fate in plan.fates))
    return plan
