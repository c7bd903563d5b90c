"""What is in a file as JSON values under the names that ffprobe gives them; numbers are numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from vsr.colour import UNSPECIFIED, Colour, Range, Siting
from vsr.media.source.info import MediaInfo, StreamInfo, VideoInfo

SPACES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco",
    9: "bt2020nc", 10: "bt2020c", 14: "ictcp",
}  # fmt: skip
PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
    10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear",
    9: "log100", 10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1",
    14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
"""FFmpeg's names of the code points of H.273, tables 2 to 4 (``libavutil/pixdesc.c``)."""

RANGES = {Range.LIMITED: "tv", Range.FULL: "pc"}
SITINGS = {
    Siting.LEFT: "left", Siting.CENTER: "center", Siting.TOP_LEFT: "topleft", Siting.TOP: "top",
    Siting.BOTTOM_LEFT: "bottomleft", Siting.BOTTOM: "bottom",
}  # fmt: skip


def values_of(info: MediaInfo) -> dict[str, Any]:
    """Return what is known of a file; what is not known is left out."""
    size = info.path.stat().st_size if info.path.is_file() else None
    return {
        "format": _known(
            filename=str(info.path),
            nb_streams=1 + len(info.others),
            nb_chapters=len(info.chapters),
            format_name=info.format_name,
            duration=info.duration_seconds,
            size=size,
            tags=dict(info.metadata) or None,
        ),
        "streams": sorted(
            (_video(info.video), *map(_stream, info.others)), key=lambda one: one["index"]
        ),
    }


def _video(video: VideoInfo) -> dict[str, Any]:
    start = None if video.start_pts is None else float(video.start_pts * video.time_base)
    order = ("tt" if video.is_top_field_first else "bb") if video.is_interlaced else "progressive"
    return _known(
        index=video.index,
        codec_type="video",
        codec_name=video.codec,
        width=video.size.width,
        height=video.size.height,
        sample_aspect_ratio=_ratio(video.sar, ":"),
        pix_fmt=video.pix_fmt,
        bits_per_raw_sample=video.layout.bits,
        field_order=order,
        avg_frame_rate=None if video.frame_rate is None else _ratio(video.frame_rate, "/"),
        time_base=_ratio(video.time_base, "/"),
        start_pts=video.start_pts,
        start_time=start,
        duration=video.duration_seconds,
        bit_rate=video.bit_rate,
        nb_frames=video.frames_in_header,
        closed_captions=int(video.has_captions),
        rotation=_rotation(video),
        **_colour(video.colour),
    )


def _colour(tags: Colour) -> dict[str, Any]:
    def name(names: dict[int, str], code: int) -> str | None:
        return None if code == UNSPECIFIED else names.get(code, str(code))

    return {
        "color_range": RANGES.get(tags.range),
        "color_space": name(SPACES, tags.matrix),
        "color_transfer": name(TRANSFERS, tags.transfer),
        "color_primaries": name(PRIMARIES, tags.primaries),
        "chroma_location": SITINGS.get(tags.siting),
    }


def _stream(stream: StreamInfo) -> dict[str, Any]:
    tags = _known(language=stream.language, title=stream.title)
    return _known(
        index=stream.index,
        codec_type=stream.kind,
        codec_name=stream.codec,
        time_base=None if stream.time_base is None else _ratio(stream.time_base, "/"),
        disposition={
            "default": int(stream.is_default),
            "forced": int(stream.is_forced),
            "attached_pic": int(stream.is_cover_art),
        },
        tags=tags or None,
    )


def _rotation(video: VideoInfo) -> int | None:
    """Return by how many degrees players turn the frame, counter-clockwise, as ffprobe counts."""
    from math import atan2, degrees

    matrix = video.display_matrix
    return None if matrix is None else -round(degrees(atan2(matrix[1], matrix[0])))


def _ratio(value: Fraction, sign: str) -> str:
    return f"{value.numerator}{sign}{value.denominator}"


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
