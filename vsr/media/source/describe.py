"""Describe streams by their headers and first decoded frames."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast, get_args

from av.sidedata.sidedata import Type
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsr.colour import LUMA_WEIGHTS, UNSPECIFIED, Colour
from vsr.errors import MediaError, UnreadableMedia
from vsr.media.clock import Timing, rounded, runs_backward, ticks_per_frame
from vsr.media.frames.formats import Reading, reading_of
from vsr.media.frames.hdr import hdr_of
from vsr.media.frames.planes import FieldOrder
from vsr.media.frames.siting import siting_of
from vsr.media.frames.spherical import spherical_of
from vsr.media.frames.stereo import stereo_of
from vsr.media.frames.tags import colour_of, display_matrix_of, extras_of, lost_of, side_data_of
from vsr.media.source.info import ROLES, Kind, StreamInfo, VideoInfo
from vsr.media.source.opening import best_video, open_input
from vsr.media.timecode import timecode_in
from vsr.values import Size

FASTEST_FRAME_RATE = 1000
"""A guessed rate beyond this is the time base mistaken for a rate."""

TIMED_BY_RATE = frozenset({"avi"})
"""Formats in which a frame has a number instead of a time."""

FIELD_ORDERS_TOP_FIRST = (2, 4)
FIELD_ORDERS_BOTTOM_FIRST = (3, 5)
"""``AVFieldOrder``: TT, TB and BB, BT."""


def video_info(
    path: Path, stream: VideoStream, frames: Sequence[VideoFrame], decoding_times: Sequence[int]
) -> VideoInfo:
    """Describe a video stream by its header and its first frames.

    Raises:
        UnreadableMedia: its pixel format or its colour matrix cannot be handled.
    """
    first = frames[0]
    reading = _reading(path, first)
    side_data: dict[Type, bytes] = {}
    for frame in reversed(frames):  # the first frame's tags count most
        side_data |= side_data_of(frame)
    time_base = stream.time_base or Fraction(1, 1000)
    rate, too_fast = _frame_rate(stream), _implausible_rate(stream)
    timing = _timing(frames, decoding_times)
    if too_fast is not None and stream.container.format.name in TIMED_BY_RATE:
        timing = Timing.FRAME_RATE  # its times are that rate, and mean nothing
    is_interlaced, is_in_header, is_top_first = _interlacing(frames, stream)
    return VideoInfo(
        index=stream.index,
        codec=stream.codec_context.codec.canonical_name,
        size=Size(first.width, first.height),
        pix_fmt=first.format.name,
        layout=reading.layout,
        colour=_colour(path, stream, first, reading),
        time_base=time_base,
        sar=Fraction(max(stream.sample_aspect_ratio or 0, 0) or 1),
        coded_sar=stream.codec_context.sample_aspect_ratio or None,
        start_pts=_start_pts(frames, timing, rate, stream),
        timing=timing,
        frame_rate=rate,
        implausible_rate=too_fast,
        duration_seconds=_seconds_of(stream),
        frames_in_header=stream.frames or None,
        is_interlaced=is_interlaced,
        is_interlaced_in_header=is_in_header,
        is_top_field_first=is_top_first,
        display_matrix=display_matrix_of(side_data),
        hdr=hdr_of(side_data),
        stereo=stereo_of(side_data),
        spherical=spherical_of(side_data),
        bit_rate=stream.bit_rate or None,
        has_captions=extras_of(side_data).captions is not None,
        is_transparent=reading.alpha is not None and any(map(_is_transparent, frames)),
        unsupported=tuple(dict.fromkeys(lost_of(side_data))),
        conversion=reading.conversion,
        title=_title(stream.metadata),
        language=stream.language,
        timecode=timecode_in(stream.metadata),
        made_by=_tag(stream.metadata, "encoder"),
    )


def _seconds_of(stream: Stream) -> float | None:
    """Return how long a stream lasts, as its header or its tag says; None if neither does.

    FFmpeg's muxer of Matroska tags when a stream ends, others how long it is from its first packet.
    """
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tagged = tagged_seconds(stream.metadata)
    if stream.start_time and stream.time_base and _is_by_ffmpeg(stream):
        start = float(stream.start_time * stream.time_base)
        tagged -= start if 0 < start < tagged else 0
    return tagged or None


def tagged_seconds(tags: Mapping[str, str]) -> float:
    """Return the duration that muxers of Matroska write into a tag of a stream; 0 without it."""
    tag = tags.get("DURATION") or tags.get("DURATION-eng", "")
    told = re.fullmatch(r"(\d+):(\d\d):(\d\d\.\d+)", tag)
    return 0.0 if told is None else int(told[1]) * 3600 + int(told[2]) * 60 + float(told[3])


def made_by(path: Path) -> str | None:
    """Return what encoded the video of a file, as it says itself; None for what cannot be opened.

    Only its header is read.
    """
    try:
        with open_input(path) as container:
            return _tag(best_video(container, path).metadata, "encoder")
    except MediaError:
        return None


def _is_by_ffmpeg(stream: Stream) -> bool:
    return (_tag(stream.container.metadata, "encoder") or "").startswith("Lavf")


def _tag(tags: Mapping[str, str], name: str) -> str | None:
    """Return a tag that Matroska has in capitals."""
    return next((value for key, value in tags.items() if key.lower() == name), None)


def _title(tags: Mapping[str, str]) -> str | None:
    return tags.get("title") or tags.get("name")


def _is_transparent(frame: VideoFrame) -> bool:
    """Return whether any pixel is not opaque."""
    return bool(frame.to_ndarray(format="rgba")[..., 3].min() < 255)


def _reading(path: Path, frame: VideoFrame) -> Reading:
    reading = reading_of(frame.format.name)
    if reading is None:
        raise UnreadableMedia(
            f"{path}: pixel format {frame.format.name} cannot be read. Convert it to YUV first."
        )
    return reading


def _colour(path: Path, stream: VideoStream, frame: VideoFrame, reading: Reading) -> Colour:
    colour = colour_of(frame, reading, siting_of(stream, path))
    has_chroma = not reading.layout.is_gray
    if has_chroma and colour.matrix != UNSPECIFIED and colour.matrix not in LUMA_WEIGHTS:
        raise UnreadableMedia(
            f"{path}: colour matrix {colour.matrix} of H.273 is not supported. "
            "Convert it to BT.709 first."
        )
    return colour


def _interlacing(frames: Sequence[VideoFrame], stream: VideoStream) -> tuple[bool, bool, bool]:
    """Return whether it is interlaced, whether only by its header, and whether top field first.

    The frames take precedence over the header: the two contradict each other in files of some
    encoders. Codecs without such a flag (raw video) have only the header.
    """
    flagged = [frame for frame in frames if frame.interlaced_frame]
    if flagged:
        return True, False, FieldOrder().is_top_first(flagged[0])
    order = stream.codec_context.field_order
    is_in_header = order in FIELD_ORDERS_TOP_FIRST + FIELD_ORDERS_BOTTOM_FIRST
    return is_in_header, is_in_header, order not in FIELD_ORDERS_BOTTOM_FIRST


def _timing(frames: Sequence[VideoFrame], decoding_times: Sequence[int]) -> Timing:
    given = [frame.pts for frame in frames if frame.pts is not None]
    if 2 * len(given) > len(frames) and not runs_backward(given):
        return Timing.GIVEN
    return Timing.DECODING_ORDER if decoding_times else Timing.FRAME_RATE


def _start_pts(
    frames: Sequence[VideoFrame], timing: Timing, rate: Fraction | None, stream: VideoStream
) -> int:
    """Return the time of the first frame, extrapolated from the first one that has a time."""
    step = ticks_per_frame(rate, stream.time_base or Fraction(1, 1000))
    if timing is Timing.GIVEN:
        for index, frame in enumerate(frames):
            if frame.pts is not None:
                return frame.pts - rounded(index * step)
    return stream.start_time or 0


def _frame_rate(stream: VideoStream) -> Fraction | None:
    for rate in (stream.guessed_rate, stream.average_rate):
        if rate and 0 < rate <= FASTEST_FRAME_RATE:
            return Fraction(rate)
    return None


def _implausible_rate(stream: VideoStream) -> Fraction | None:
    rates = [Fraction(one) for one in (stream.guessed_rate, stream.average_rate) if one]
    return max(rates) if rates and min(rates) > FASTEST_FRAME_RATE else None


def stream_info(stream: Stream) -> StreamInfo:
    """Describe any other stream by its header."""
    context = stream.codec_context
    codec = context.codec.canonical_name if context is not None else getattr(stream, "name", None)
    return StreamInfo(
        index=stream.index,
        kind=cast(Kind, stream.type) if stream.type in get_args(Kind) else "data",
        codec=codec or "unknown",
        language=stream.language,
        title=_title(stream.metadata),
        is_cover_art=bool(stream.disposition & Disposition.attached_pic),
        is_default=bool(stream.disposition & Disposition.default),
        is_forced=bool(stream.disposition & Disposition.forced),
        roles=tuple(name for name in ROLES if stream.disposition & Disposition[name]),
        time_base=stream.time_base,
        duration_seconds=_seconds_of(stream),
        bit_rate=getattr(context, "bit_rate", None) or None,
    )
