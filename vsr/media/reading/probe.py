"""What is in a file, by its first frames; and every frame, delivered in the form of the first."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsr.colour import UNSPECIFIED, Range
from vsr.errors import UnreadableMedia
from vsr.frames import HostFrame, Layout, Plane
from vsr.media.animation import LOOPING, loops_of
from vsr.media.clock import Timing, ticks
from vsr.media.frames.formats import Reading, reading_of
from vsr.media.frames.planes import Converter, FieldOrder, alpha_in, planes_in
from vsr.media.frames.tags import extras_of, header_colour, matrix_of, side_data_of
from vsr.media.reading.file_ends import boxes, missing_bytes
from vsr.media.source.decoder import Damage, Decoder
from vsr.media.source.describe import stream_info, video_info
from vsr.media.source.info import MediaInfo, StreamInfo, VideoInfo
from vsr.media.source.opening import best_video, open_input
from vsr.media.splices.splice_search import splices_in
from vsr.media.station_clock import STATION_CLOCKS, TICKS_PER_SECOND, TURN_TICKS
from vsr.values import CropBox, PtsSpan, Size

if TYPE_CHECKING:
    from av.container.core import Chapter

__all__ = ["MediaInfo", "StreamInfo", "VideoInfo", "probe"]

FRAMES_LOOKED_AT = 8
"""Enough to detect interlacing, captions and missing times."""

PACKETS_TRIED = 500
"""A stream is considered undecodable if this many packets yield no frame."""


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
            metadata=dict(container.metadata) | _loops(path, container.format.name),
        )
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


def _loops(path: Path, format_name: str) -> dict[str, str]:
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
"""Of a film's index (``moov``), in which each track begins with its description."""

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


REORDERED = ("nv12", "p010le")
"""What a GPU's decoder returns."""


class Delivery:
    """Turn decoded frames into host frames of one size and layout."""

    def __init__(self, video: VideoInfo) -> None:
        self._video = video
        self._reading = video.reading
        wanted = self._reading.filtered_as or video.pix_fmt
        self._stored = video.decoded_size or video.size
        self._converter = Converter(self._stored, wanted, video.colour)
        self._fields = FieldOrder()

    def resizes(self, frame: VideoFrame) -> bool:
        """Return whether a frame is of another size than the first."""
        return Size(frame.width, frame.height) != self._stored

    def differs(self, frame: VideoFrame) -> bool:
        """Return whether size, pixel format, matrix or range differ from the first frame's.

        A tag that appears or goes missing is not a difference.
        """
        is_other_format = frame.format.name != self._video.pix_fmt and not self._reordered(frame)
        if self.resizes(frame) or is_other_format:
            return True
        if self._reading.is_from_rgb:
            return False
        colour = self._video.colour
        matrices = {matrix_of(frame), colour.matrix} - {UNSPECIFIED}
        ranges = {int(frame.color_range), int(colour.range)} - {int(Range.UNSPECIFIED)}
        return len(matrices) > 1 or len(ranges) > 1

    def deliver(self, frame: VideoFrame, pts: int) -> HostFrame:
        """Return a decoded frame as a host frame; its planes are views where possible.

        Raises:
            DecodingFailed: its format changes mid-stream to one that cannot be converted.
        """
        video = self._video
        is_interlaced = frame.interlaced_frame or video.is_interlaced_in_header
        is_top_first = video.is_top_field_first
        if frame.interlaced_frame:
            is_top_first = self._fields.is_top_first(frame)
        extras = extras_of(side_data_of(frame))
        reading = self._reordered(frame) or self._reading
        if self.differs(frame) or self._reading.filtered_as:
            frame, reading = self._converter.convert(frame), self._reading
        planes, alpha = planes_in(frame, reading), alpha_in(frame, reading)
        if video.crop is not None:
            planes, alpha = _cropped(planes, alpha, video.crop, video.layout)
        return HostFrame(
            planes=planes,
            alpha=alpha,
            pts=pts,
            layout=video.layout,
            colour=video.colour,
            is_interlaced=is_interlaced,
            is_top_field_first=is_top_first,
            extras=extras,
        )

    def _reordered(self, frame: VideoFrame) -> Reading | None:
        """Return how to read a frame that holds the same samples in another order, else None.

        A GPU's decoder returns NV12 where software returns planes.
        """
        if frame.format.name not in REORDERED or frame.format.name == self._video.pix_fmt:
            return None
        reading = reading_of(frame.format.name)
        return reading if reading is not None and reading.layout == self._reading.layout else None


def _cropped(
    planes: tuple[Plane, ...], alpha: Plane | None, crop: CropBox, layout: Layout
) -> tuple[tuple[Plane, ...], Plane | None]:
    """Return views of the part of each plane that is kept."""
    kept = []
    for index, (plane, (rows, columns)) in enumerate(zip(planes, layout.plane_shapes(crop.size))):
        is_chroma = index > 0
        y, x = crop.y >> layout.y_shift * is_chroma, crop.x >> layout.x_shift * is_chroma
        kept.append(plane[y : y + rows, x : x + columns])
    if alpha is not None:
        alpha = alpha[crop.y : crop.y + crop.size.height, crop.x : crop.x + crop.size.width]
    return tuple(kept), alpha
