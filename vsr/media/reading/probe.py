"""What is in a file, by its headers and its first frames, decoded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vsr.errors import UnreadableMedia
from vsr.media.animation import LOOPING, loops_of
from vsr.media.clock import Timing, ticks
from vsr.media.frames.tags import header_colour
from vsr.media.reading.file_ends import missing_bytes
from vsr.media.reading.sample_entry import told_by_sample_entry
from vsr.media.source.boxes import boxes
from vsr.media.source.decoder import Damage, Decoder
from vsr.media.source.describe import stream_info, video_info
from vsr.media.source.info import MediaInfo
from vsr.media.source.matroska import told_by_matroska
from vsr.media.source.opening import best_video, open_input
from vsr.media.source.programmes import Programme, programmes_in
from vsr.media.splices.splice_search import splices_in
from vsr.media.station_clock import STATION_CLOCKS, TICKS_PER_SECOND, TURN_TICKS
from vsr.values import PtsSpan, Size

if TYPE_CHECKING:
    from av.container.core import Chapter

FRAMES_LOOKED_AT = 8
"""Enough to detect interlacing, captions and missing times."""

PACKETS_TRIED = 500
"""A stream is considered undecodable if this many packets yield no frame."""


MOV = "mov,mp4,m4a,3gp,3g2,mj2"


def probe(path: Path | str) -> MediaInfo:
    """Examine a file: its headers, and its first few frames, decoded.

    Raises:
        MediaError: missing, not media, no video, or no frame can be decoded.
    """
    path = Path(path)
    with open_input(path) as container:
        stream = best_video(container, path)
        tagged = header_colour(stream)
        decoder = Decoder(container, stream, Damage(), PtsSpan())
        packets = islice(decoder.packets(), PACKETS_TRIED)
        frames = list(islice(decoder.frames(packets), FRAMES_LOOKED_AT))
        if not frames:
            codec = stream.codec_context.codec.canonical_name
            raise UnreadableMedia(
                f"{path}: no frame of its {codec} video can be decoded. Choose another file."
            )
        video = video_info(path, stream, frames, decoder.decoding_times)
        info = MediaInfo(
            path=path,
            format_name=container.format.name,
            duration_seconds=_container_seconds(container),
            video=replace(video, colour=video.colour.completed_by(tagged)),
            others=tuple(
                stream_info(item) for item in container.streams if item.index != stream.index
            ),
            chapters=tuple(map(_span, container.chapters())),
            missing_bytes=missing_bytes(path, container.format.name),
            metadata=dict(container.metadata) | _tags_aside(path, container.format.name, stream.id),
        )
        if info.format_name == "matroska,webm":
            info = told_by_matroska(info, _tracks(container))
        elif info.format_name == MOV:
            info = told_by_sample_entry(info, stream.id)
    if has_second_view(path, info):
        unsupported = (*info.video.unsupported, "the second view (MV-HEVC)")
        info = replace(info, video=replace(info.video, unsupported=unsupported))
    return _measured(info)


def at_part(info: MediaInfo, start_seconds: float) -> MediaInfo:
    """Return a film as a part of it is: by then, size and proportions may be others.

    Args:
        start_seconds: of the part, from the first frame of the film.
    """
    video = info.video
    if not start_seconds or video.timing is not Timing.GIVEN:
        return info
    wanted = (video.start_pts or 0) + ticks(Fraction(str(start_seconds)), video.time_base)
    with suppress(av.FFmpegError, OSError, ValueError), open_input(info.path) as container:
        stream = cast("VideoStream", container.streams[video.index])
        container.seek(wanted, stream=stream)
        frames = islice(container.decode(stream), PACKETS_TRIED)
        first = next((one for one in frames if one.pts is not None and one.pts >= wanted), None)
        if first is None:
            return info
        sar, coded = video.sar, stream.codec_context.sample_aspect_ratio or video.coded_sar
        if coded is not None and video.coded_sar is not None and coded != video.coded_sar:
            sar = coded
        size = Size(first.width, first.height)
        return replace(info, video=replace(video, size=size, sar=sar, coded_sar=coded))
    return info


def _tracks(container: InputContainer) -> list[int]:
    """Return the indices of the streams that are no attachments."""
    return [
        one.index
        for one in container.streams
        if one.type != "attachment" and not one.disposition & Disposition.attached_pic
    ]


def _tags_aside(path: Path, format_name: str, pid: int) -> dict[str, str]:
    """Return what a file says of itself that PyAV does not show: loops, the name of a channel."""
    if format_name == "mpegts":
        own = (one for one in programmes_in(path) if pid in one.pids)
        return next(own, Programme(0)).tags
    return loops_of(path) if format_name in LOOPING else {}


def _span(chapter: Chapter) -> tuple[Fraction, Fraction]:
    base = chapter["time_base"] or Fraction(1)
    return chapter["start"] * base, chapter["end"] * base


def _measured(info: MediaInfo) -> MediaInfo:
    """Return the description, with measured durations if a wraparound was mistaken for a duration.

    A duration over half a wraparound more likely comes from concatenated films, and is worth a pass
    over the packets.
    """
    half_seconds = TURN_TICKS / TICKS_PER_SECOND / 2
    is_long = (info.duration_seconds or 0) > half_seconds
    splices = splices_in(info) if is_long and info.format_name in STATION_CLOCKS else None
    if splices is None:
        return info
    seconds = splices.seconds
    others = tuple(replace(one, duration_seconds=None) for one in info.others)
    video = replace(info.video, duration_seconds=seconds)
    return replace(info, duration_seconds=seconds, video=video, others=others)


def _container_seconds(container: InputContainer) -> float | None:
    return container.duration / av.time_base if container.duration else None


MOST_INDEX_BYTES = 64 << 20
"""The most that is read of an index (``moov``), in which each track begins with its description."""

SECOND_VIEW = b"lhvC"
"""The box with the parameter sets of the layers beyond the first. Source: ISO/IEC 14496-15, 9.6."""


def has_second_view(path: Path, info: MediaInfo) -> bool:
    """Return whether an MP4 holds HEVC of two views, of which FFmpeg decodes the first."""
    if info.video.codec != "hevc" or "mp4" not in info.format_name.split(","):
        return False
    size = path.stat().st_size
    with path.open("rb") as file:
        for kind, begin, length in boxes(file, size):
            if kind == b"moov":
                file.seek(begin)
                return SECOND_VIEW in file.read(min(length, MOST_INDEX_BYTES))
    return False
