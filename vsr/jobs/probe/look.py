"""What is in a file: fast, without torch."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vsr.colour import UNSPECIFIED, Colour
from vsr.jobs.estimate.remembered import usual_time
from vsr.media.reading.cadence import TELECINED, looks_telecined
from vsr.media.reading.probe import probe
from vsr.media.source.info import MediaInfo, StreamInfo, VideoInfo


def look(source: Path) -> dict[str, Any]:
    """Return what is in a file, as strings and lists of strings, for people and JSON alike.

    Raises:
        MediaError: it cannot be opened, or has no video.
    """
    info = probe(source)
    notes = [TELECINED] if looks_telecined(info) else None
    return described(info) | {"takes": usual_time(info), "notes": notes}


def described(info: MediaInfo) -> dict[str, Any]:
    """Return what is known of a file, as strings and lists of strings."""
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
        "chapters": info.chapters or None,
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
    flags = [
        name
        for name, is_set in (
            ("default", stream.is_default),
            ("forced", stream.is_forced),
            ("cover art", stream.is_cover_art),
        )
        if is_set
    ]
    return ", ".join([word for word in words if word] + flags)


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.3f} s"


def ratio(value: Fraction) -> str:
    """Return a ratio in words."""
    return f"{value.numerator}:{value.denominator}"
