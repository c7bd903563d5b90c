"""What is in a file: in words, in detail, and as values. Fast, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from vsr.colour import HLG, PQ, UNSPECIFIED, Colour, Range, guessed_matrix
from vsr.jobs.estimate.figures import UNITS
from vsr.jobs.estimate.remembered import usual_time
from vsr.jobs.probe.ffprobe_names import values_of
from vsr.jobs.upscale.spool import PIPE, spooled
from vsr.media.animation import animation_as_film, is_animated
from vsr.media.images.images import image_size, is_image
from vsr.media.reading.cadence import TELECINED, looks_telecined
from vsr.media.reading.probe import probe
from vsr.media.reading.repeated_fields import REPEATED, repeats_of
from vsr.media.sequence import DEFAULT_RATE, as_film, find_images, is_sequence
from vsr.media.source.info import MediaInfo, StreamInfo, VideoInfo

Lines = Mapping[str, Any]
"""Head → a line, several of them, or None for nothing."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What there is to say of a file, or of an upscale of it.

    Attributes:
        words: for everybody.
        details: for those who ask for them.
        values: for programs, under ffprobe's names.
    """

    words: Lines
    details: Lines
    values: Mapping[str, Any]


def look(source: Path) -> FileReport:
    """Report on what is in a file.

    Raises:
        MediaError: it cannot be opened, or holds neither video nor an image.
    """
    if is_sequence(source) and not source.is_dir():
        with as_film(find_images(source), DEFAULT_RATE) as film:
            return _report_on(probe(film), source)
    if source == PIPE or source.is_fifo():
        with spooled(source) as copy:
            return _report_on(probe(copy), source)
    if is_animated(source):
        with animation_as_film(source) as film:
            return _report_on(probe(film), source)
    return look_at_image(source) if is_image(source) else _report_on(probe(source), source)


def _report_on(info: MediaInfo, source: Path) -> FileReport:
    """Return what there is to say of a file, or of the images that it stands for."""
    notes = [REPEATED] if repeats_of(info) else [TELECINED] if looks_telecined(info) else None
    takes = {"takes": usual_time(info), "notes": notes}
    values = {key: value for key, value in takes.items() if value is not None}
    info = replace(info, path=source)
    return FileReport(in_words(info) | takes, described(info) | takes, values_of(info) | values)


def look_at_image(source: Path) -> FileReport:
    """Return what is in a still image: its header is read, and no pixels."""
    size, name = image_size(source), source.suffix[1:].upper()
    words = {"file": f"{source}, {_bytes(source.stat().st_size)}", "image": f"{size}, {name}"}
    stream = {"index": 0, "codec_type": "video", "width": size.width, "height": size.height}
    facts = {"filename": str(source), "nb_streams": 1, "size": source.stat().st_size}
    return FileReport(words, words, {"format": facts, "streams": [stream]})


FORMATS = {
    "h264": "H.264", "hevc": "HEVC (H.265)", "av1": "AV1", "vp8": "VP8", "vp9": "VP9",
    "mpeg1video": "MPEG-1", "mpeg2video": "MPEG-2", "mpeg4": "MPEG-4", "ffv1": "FFV1",
    "prores": "ProRes", "mjpeg": "Motion JPEG", "dvvideo": "DV", "rawvideo": "uncompressed",
    "aac": "AAC", "mp3": "MP3", "ac3": "AC-3", "eac3": "E-AC-3", "dts": "DTS", "opus": "Opus",
    "vorbis": "Vorbis", "flac": "FLAC", "subrip": "SRT", "ass": "ASS", "mov_text": "MP4 text",
    "webvtt": "WebVTT", "hdmv_pgs_subtitle": "Blu-ray images", "dvd_subtitle": "DVD images",
}  # fmt: skip
"""FFmpeg's names of formats → those that people use."""

MATRICES = {1: "BT.709", 4: "FCC", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M", 9: "BT.2020"}
CURVES = {PQ: "HDR (PQ)", HLG: "HDR (HLG)"}


def in_words(info: MediaInfo) -> dict[str, Any]:
    """Return what is in a file in plain words."""
    video, path = info.video, info.path
    size = f", {_bytes(path.stat().st_size)}" if path.is_file() else ""
    kinds = ("audio", "subtitle")
    return {
        "file": f"{path}{size}",
        "video": _video_in_words(info),
        "colour": _colour_in_words(video),
        "audio": [_stream_in_words(one) for one in info.others if one.kind == "audio"],
        "subtitles": [_stream_in_words(one) for one in info.others if one.kind == "subtitle"],
        "also": [f"{one.kind}: {_stream_in_words(one)}" for one in info.others
                 if one.kind not in kinds],
        "chapters": len(info.chapters) or None,
    }  # fmt: skip


def format_in_words(codec: str) -> str:
    """Return what people call a format."""
    return "PCM" if codec.startswith("pcm_") else FORMATS.get(codec, codec)


def _video_in_words(info: MediaInfo) -> str:
    video = info.video
    parts = [str(video.size), format_in_words(video.codec)]
    shown = video.size.turned() if video.is_quarter_turned else video.size
    if video.sar != 1:
        parts.insert(1, f"shown as {round(video.size.width * video.sar)}×{video.size.height}")
    elif shown != video.size:
        parts.insert(1, f"shown turned, as {shown}")
    if video.frame_rate:
        parts.append(f"{float(video.frame_rate):.5g} frames a second")
    seconds = video.duration_seconds or info.duration_seconds
    if seconds is not None:
        parts.append(clock_in_words(seconds))
    if video.layout.bits > 8:
        parts.append(f"{video.layout.bits} bit")
    if video.is_interlaced:
        parts.append("interlaced")
    if video.header_crop is not None:
        parts.append(f"cropped to {video.header_crop.size} by its header")
    if video.spherical is not None:
        parts.append(video.spherical.name)
    return ", ".join(parts)


def _colour_in_words(video: VideoInfo) -> str:
    tags = video.colour
    if video.layout.is_gray:
        return "gray"
    if tags.matrix == UNSPECIFIED and not video.reading.is_from_rgb:
        guess = MATRICES[guessed_matrix(video.size.width, video.size.height)]
        parts = [f"not tagged; players take it for {guess}"]
    else:
        parts = ["RGB" if tags.matrix == 0 else MATRICES.get(tags.matrix, f"matrix {tags.matrix}")]
    if tags.transfer in CURVES:
        parts.append(CURVES[tags.transfer])
    if tags.range is Range.FULL:
        parts.append("full range")
    return ", ".join(parts)


def _stream_in_words(stream: StreamInfo) -> str:
    words = [format_in_words(stream.codec), stream.language, stream.title]
    return ", ".join([word for word in words if word] + _flags(stream))


def clock_in_words(seconds: float) -> str:
    """Return a length as a clock shows it: ``1:02:03``, ``12:30``, ``4.2 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02} min"


def _bytes(count: int) -> str:
    unit, name = next(((unit, name) for unit, name in UNITS if count >= unit), (1, "bytes"))
    return f"{count / unit:.3g} {name}"


def described(info: MediaInfo) -> dict[str, Any]:
    """Return everything that is known of a file, as FFmpeg names it."""
    video = info.video
    return {
        "file": str(info.path),
        "format": info.format_name,
        "duration": _seconds(info.duration_seconds),
        "video": _video(video),
        "times": _times(video),
        "colour": colour(video.colour),
        "display": _display(video),
        "hdr": str(video.hdr) if video.hdr else None,
        "streams": [_stream(stream) for stream in info.others],
        "chapters": len(info.chapters) or None,
    }


def _video(video: VideoInfo) -> str:
    rate = f"{float(video.frame_rate):.3f} fps" if video.frame_rate else "rate unknown"
    interlaced = ", interlaced" if video.is_interlaced else ""
    bits = f"{video.layout.subsampling} {video.layout.bits} bit"
    return f"{video.codec} {video.size}, {video.pix_fmt} ({bits}), {rate}{interlaced}"


def _times(video: VideoInfo) -> str:
    return f"{video.timing.value}, ticks of {video.time_base} s, from {video.start_pts}"


def _display(video: VideoInfo) -> str | None:
    parts = []
    if video.sar != 1:
        parts.append(f"sample aspect {ratio(video.sar)}")
    if video.is_quarter_turned:
        parts.append(f"displayed rotated, as {video.size.turned()}")
    if video.display_matrix is not None:
        parts.append(f"display matrix {list(video.display_matrix)}")
    return ", ".join(parts) or None


def colour(tags: Colour) -> str:
    """Return colour tags in words."""

    def code(value: int) -> str:
        return "unspecified" if value == UNSPECIFIED else str(value)

    return (
        f"matrix {code(tags.matrix)}, primaries {code(tags.primaries)}, "
        f"transfer {code(tags.transfer)} (H.273), range {tags.range.name.lower()}, "
        f"chroma {tags.siting.name.lower().replace('_', '-')}"
    )


def _stream(stream: StreamInfo) -> str:
    words = [f"{stream.index} {stream.kind} {stream.codec}", stream.language, stream.title]
    return ", ".join([word for word in words if word] + _flags(stream))


def _flags(stream: StreamInfo) -> list[str]:
    flags = {
        "default": stream.is_default,
        "forced": stream.is_forced,
        "cover art": stream.is_cover_art,
    }
    return [name for name, is_set in flags.items() if is_set]


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.3f} s"


def ratio(value: Fraction) -> str:
    """Return a ratio in words."""
    return f"{value.numerator}:{value.denominator}"
