"""How a stream is copied into an output, and which chapters and tags go with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING

import av
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.container import Container, OutputContainer
from av.stream import Stream

from vsr.media.clock import LONGEST_IN_MP4, clock_for_mp4, rounded
from vsr.media.source.opening import open_input
from vsr.media.splices.part import Cut
from vsr.media.streams.languages import spelt

if TYPE_CHECKING:
    from av.container.core import Chapter


STALE_STREAM_KEYS = (
    "duration",
    "encoder",
    "vendor_id",
    "number_of_frames",
    "number_of_bytes",
    "bps",
    "alpha_mode",
)
"""Tags that muxers write themselves, or that no longer apply; ``BPS-eng`` and the like included."""

SIDE_BY_SIDE = frozenset({"mp4", "mov"})
CUE_CLOCK = Fraction(1, 100_000)
"""The time base of subtitles in mp4 and mov: finer than that of audio and, as a rule, of video.
FFmpeg's muxer compares its streams tick by tick; with coarser ticks it ends a cue at once, and the
next one comes late.
"""

COVERS = {"mjpeg": ("jpg", "image/jpeg"), "png": ("png", "image/png")}
"""Image codec → suffix and MIME type: Matroska identifies cover art by its name and type."""

STALE_CONTAINER_KEYS = (
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "encoding_tool",
    "duration",
)


TEE = "tee"
"""FFmpeg's muxer that passes everything on to another one."""


def open_muxer(
    target: str | IO[bytes], name: str, options: Mapping[str, str], *, is_acm: bool = False
) -> OutputContainer:
    """Open an output.

    Args:
        name: of the muxer.
        options: of the muxer.
        is_acm: Matroska holds what a WAV file can hold, such as WMA and ADPCM, as ``A_MS/ACM``.
            PyAV asks FFmpeg which codecs a muxer takes "normally", which excludes them; it does
            not ask on behalf of `TEE`, which loses chapters but nothing else. The target is a name.
    """
    if not is_acm:
        return av.open(target, "w", format=name, container_options=dict(options))
    assert isinstance(target, str)
    quoted = target.replace("'", r"'\''")
    passed_on = ":".join(("f=" + name, *(f"{key}={value}" for key, value in options.items())))
    return av.open(f"[{passed_on}]'{quoted}'", "w", format=TEE)


def container_of(output: Container) -> str:
    """Return the name of the muxer that an output reaches."""
    return "matroska" if output.format.name == TEE else output.format.name


def add_copy(output: OutputContainer, stream: Stream) -> Stream:
    """Add a stream that takes the packets of ``stream`` unchanged.

    Raises:
        ValueError, av.FFmpegError: the container does not take it.
    """
    copy = output.add_stream_from_template(stream, opaque=True)
    if isinstance(copy, AudioStream) and container_of(output) == "mp4":
        copy.codec_context.layout = named_layout(copy.codec_context.layout)
    if stream.type == "subtitle" and container_of(output) in SIDE_BY_SIDE:
        copy.time_base = cue_clock(stream)
    copy.disposition = stream.disposition
    copy.metadata.update(stream_metadata(stream.metadata, container_of(output)))
    return copy


def cue_clock(stream: Stream) -> Fraction:
    """Return the time base in mp4 and mov of subtitles that are copied or converted."""
    seconds = Fraction(getattr(stream.container, "duration", None) or 0, 1_000_000)
    return clock_for_mp4(CUE_CLOCK, min(seconds, LONGEST_IN_MP4))  # cues may be so far apart


def named_layout(layout: AudioLayout) -> str:
    """Return the channel layout, or the usual one if it is not specified.

    mp4 does not accept uncompressed audio without one, and AVI and Matroska do not store it.
    """
    is_unnamed = layout.name == f"{layout.nb_channels} channels"
    return f"{layout.nb_channels}c" if is_unnamed else layout.name


def add_cover(output: OutputContainer, stream: Stream) -> Stream:
    """Add cover art to Matroska, as an attachment with a reserved name.

    Raises:
        ValueError: an unsupported image format for covers, or no image.
    """
    codec = stream.codec_context.name
    if codec not in COVERS:
        raise ValueError(f"{codec} is not a cover art format in Matroska")
    suffix, mime_type = COVERS[codec]
    assert stream.container.name is not None
    with open_input(Path(stream.container.name.removeprefix("file:"))) as source:
        pictures = source.demux(source.streams[stream.index])
        data = next((bytes(packet) for packet in pictures if packet.size), None)
    if data is None:
        raise ValueError(f"stream {stream.index} has no image")
    return output.add_attachment(f"cover.{suffix}", mime_type, data)


def stream_metadata(metadata: dict[str, str], container: str) -> dict[str, str]:
    """Return the part of a stream's metadata that still applies to a copy, as a container has it.

    A track's title is read from mp4 as ``name``, but written from ``title`` alone.

    Args:
        container: FFmpeg's name of the muxer.
    """
    kept = {
        key: value
        for key, value in metadata.items()
        if not key.startswith("_STATISTICS") and key.lower().split("-")[0] not in STALE_STREAM_KEYS
    }
    if "name" in kept and "title" not in kept:
        kept["title"] = kept.pop("name")
    if "language" in kept:
        kept["language"] = spelt(kept["language"], container)
    return kept


def container_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """Return the part of a container's metadata that still applies to another one."""
    return {
        key: value for key, value in metadata.items() if key.lower() not in STALE_CONTAINER_KEYS
    }


def chapters_within(chapters: Iterable[Chapter], cut: Cut) -> list[Chapter]:
    """Return the chapters that overlap the part, cut to it, on the output's clock."""
    kept = []
    for chapter in chapters:
        base = chapter["time_base"] or Fraction(1)
        zero, begins, ends = rounded(cut.zero / base), chapter["start"], chapter["end"]
        if cut.start is not None:
            first = rounded(cut.start / base)
            if ends <= first and begins < first:
                continue
            begins = max(begins, first)
        if cut.end is not None:
            last = rounded(cut.end / base)
            if begins >= last:
                continue
            ends = min(ends, last)
        kept.append(chapter | {"start": begins - zero, "end": ends - zero})
    return kept


LEAST_BEFORE_SECONDS = Fraction(1, 2)
"""Before the first chapter: less is left out, and that chapter begins with the film."""


def in_a_row(chapters: list[Chapter], container: str) -> list[Chapter]:
    """Return chapters as a container holds them: mp4 and mov as a track of text, without holes.

    FFmpeg's muxer leaves out those without a title there, to which the one before is extended, and
    lets the first begin at 0.

    Args:
        container: FFmpeg's name of the muxer.
    """
    if container not in SIDE_BY_SIDE or not chapters:
        return chapters
    titled = list(map(_titled, chapters))
    first = min(titled, key=itemgetter("start"))
    if first["start"] * (first["time_base"] or Fraction(1)) >= LEAST_BEFORE_SECONDS:
        before = first.copy()
        before["start"], before["end"], before["metadata"] = 0, first["start"], {"title": ""}
        titled.insert(0, before)
    return titled


def _titled(chapter: Chapter) -> Chapter:
    titled = chapter.copy()
    titled["metadata"] = {"title": ""} | chapter["metadata"]
    return titled
