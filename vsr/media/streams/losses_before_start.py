"""What is lost of the video stream and of the file around it, known before the start.

Tags are found by writing them. mp4 and mov have a box for a few, which every player reads. Under
Apple's keys they hold any tag (a phone's location, make and model), but no cover art, so the keys
are used only if a tag needs them and the source has no cover art.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isinf
from pathlib import Path

import av

from vsr.colour import Siting
from vsr.errors import UnsuitableContainer
from vsr.media.clock import USUAL_FRAME_RATE, Timing
from vsr.media.containers import Container, container_named
from vsr.media.encoding.captions import can_carry_captions
from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.encoding.mastering import can_write_mastering
from vsr.media.source.info import MediaInfo, VideoInfo
from vsr.media.streams.copy_streams import Fate, StreamPlan, container_metadata
from vsr.media.streams.languages import is_held, is_shortened
from vsr.values import TimeRange

HDR_AND_VIEWS = frozenset({
    "HDR10+ dynamic metadata", "HDR Vivid dynamic metadata", "Dolby Vision metadata",
    "stereo 3D layout", "the second view (MV-HEVC)",
})  # fmt: skip
"""Side data without which the film is shown otherwise; the rest describes it."""

SELF_DESCRIBING = frozenset({"h264", "hevc"})
"""Codecs that signal the pixel aspect ratio in the stream itself."""

SITINGS = {
    "h264": frozenset(Siting) - {Siting.BOTTOM_LEFT, Siting.BOTTOM},
    "hevc": frozenset(Siting) - {Siting.BOTTOM_LEFT, Siting.BOTTOM},
    "av1": frozenset({Siting.UNSPECIFIED, Siting.LEFT, Siting.TOP_LEFT}),
}
"""The chroma sitings that each codec can signal for 4:2:0. For others, players assume left."""

MILLISECONDS = frozenset({"matroska", "webm"})
"""Containers whose times are whole milliseconds."""

SHAPE_IN_HEADER = frozenset({"mp4", "mov"})
"""Containers whose header holds the pixel aspect ratio. Matroska has a field for it too, but PyAV
does not write it.
"""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something of the source that the output will not hold.

    Attributes:
        text: one sentence, with what to do about it.
        is_content: sound, text, chapters, attachments, transparency, low bits, a view or an HDR
            layer, which somebody would miss: the exit code is 3. Else a technical track, property
            or tag, which is listed.
    """

    text: str
    is_content: bool = False

    def __str__(self) -> str:
        return self.text


def sitings_of(encoder: Encoder) -> frozenset[Siting]:
    """Return the sitings that survive the encoder; all do unless chroma is halved both ways."""
    if encoder.layout.subsampling != "4:2:0":
        return frozenset(Siting)
    return SITINGS.get(encoder.codec, frozenset({Siting.UNSPECIFIED, Siting.LEFT}))


def losses_of(
    source: VideoInfo, video: OutputVideo, encoder: Encoder, container: str
) -> Iterator[Loss]:
    """Yield what is lost of the video stream."""
    if source.conversion and source.reading.is_lossy:
        yield Loss(f"{source.conversion}.")
    for text in encoder.losses:
        yield Loss(text, is_content=True)
    if source.has_alpha and not encoder.has_alpha:
        seen = "transparency" if source.is_transparent else "alpha, opaque in the first frames,"
        yield Loss(
            f"{seen} is lost with {encoder.codec} in {container}. Choose .mov with --codec prores, "
            ".mkv with ffv1, .webm with vp9, or images (%05d.png) to keep it.",
            is_content=source.is_transparent,
        )
    for name in source.unsupported:
        yield Loss(f"{name} cannot be carried and is lost.", is_content=name in HDR_AND_VIEWS)
    if video.hdr is not None and not can_write_mastering(encoder):
        yield Loss(
            f"{encoder.name} cannot write HDR10 metadata, which is lost. "
            f"Choose --codec hevc or av1 to keep it.",
            is_content=True,
        )
    if source.has_captions and not can_carry_captions(encoder.codec):
        yield Loss(
            f"closed captions do not fit {encoder.codec} and are lost. "
            f"Choose --codec h264, hevc or av1 to keep them.",
            is_content=True,
        )
    if video.colour.siting not in sitings_of(encoder):
        place = video.colour.siting.name.lower().replace("_", " ")
        yield Loss(
            f"{encoder.codec} cannot signal {place} chroma siting; players will assume left. "
            f"Choose --codec h264 or hevc to keep it."
        )
    keeps_shape = encoder.codec in SELF_DESCRIBING or container in SHAPE_IN_HEADER
    if video.sar != 1 and not keeps_shape:
        yield Loss(
            f"the pixel aspect ratio ({video.sar.numerator}:{video.sar.denominator}) is lost with "
            f"{encoder.codec} in {container}. Choose .mp4, --codec hevc, or a preset."
        )


def losses_in(
    info: MediaInfo, container: Container, time: TimeRange = TimeRange()
) -> Iterator[Loss]:
    """Yield what a container cannot hold of a file: rotation, tags, chapters.

    Args:
        time: the part of the file that is upscaled.
    """
    if info.video.display_matrix is not None and not container.has_rotation:
        yield Loss(
            f"{container.name} cannot store the rotation; players will show the frame as it is "
            "stored. Choose .mp4, .mov or .mkv to keep it."
        )
    tags = lost_tags(info, container.name)
    if tags:
        names = ", ".join(tags)
        yield Loss(f"{container.name} cannot store the tags {names}. Choose .mkv to keep them.")
    if not container.has_chapters and (count := _chapters_within(info, time)):
        are = "1 is" if count == 1 else f"{count} are"
        yield Loss(
            f"{container.name} cannot store chapters; {are} lost. Choose .mkv.",
            is_content=True,
        )


def _chapters_within(info: MediaInfo, time: TimeRange) -> int:
    """Return how many chapters a part overlaps, as far as the header tells where it ends."""
    if time.is_whole:
        return len(info.chapters)
    video, ends = info.video, []
    zero = (video.start_pts or 0) * video.time_base
    first = zero + Fraction(str(time.start_seconds))
    if not isinf(time.end_seconds):
        ends.append(zero + Fraction(str(time.end_seconds)))
    if time.max_frames is not None:
        ends.append(first + time.max_frames / (video.frame_rate or USUAL_FRAME_RATE))
    last = min(ends, default=None)
    return sum(
        (end > first or begin >= first) and (last is None or begin < last)
        for begin, end in info.chapters
    )


def check_times(info: MediaInfo, container: Container) -> None:
    """Refuse a container whose clock cannot tell the frames apart.

    Raises:
        UnsuitableContainer: it stores milliseconds, and they are closer together.
    """
    rate = info.video.implausible_rate
    if rate and info.video.timing is Timing.GIVEN and container.name in MILLISECONDS:
        raise UnsuitableContainer(
            f"{info.path}: {float(rate):g} frames per second, and {container.name} stores whole "
            "milliseconds. Choose .mp4 or .mov, which keep their times apart."
        )


def losses_among(plan: StreamPlan) -> Iterator[Loss]:
    """Yield what is lost of the streams unasked for.

    They may be dropped or converted with loss; of a carried one a title or a language may be.
    """
    for fate in plan.losses:
        is_dropped = fate.fate is Fate.DROP
        yield Loss(f"{fate}.", is_content=is_dropped and fate.stream.kind != "data")
    yield from _losses_of_names(plan)


def _losses_of_names(plan: StreamPlan) -> Iterator[Loss]:
    container, carried = container_named(plan.container), [fate.stream for fate in plan.carried]
    titles = [stream.title for stream in carried if stream.title is not None]
    if titles and not container.has_track_tags:
        yield Loss(
            f"{container.name} cannot store titles of streams: {', '.join(titles)}. "
            "Choose .mkv to keep them."
        )
    spoken = {stream.language for stream in carried if stream.language is not None}
    untold = sorted(one for one in spoken if not is_held(one, container.name))
    if untold:
        mp4 = ".mp4 or " if all(is_held(one, "mp4") for one in untold) else ""
        yield Loss(
            f"{container.name} cannot store the language of a stream that is {', '.join(untold)}. "
            f"Choose {mp4}.mkv to keep it."
        )
    shortened = sorted(one for one in spoken if is_shortened(one, container.name))
    if shortened:
        yield Loss(
            f"{container.name} stores a language alone, without the rest of "
            f"{', '.join(shortened)}. Choose .mkv to keep it."
        )


def content_of(losses: Iterable[Loss]) -> tuple[str, ...]:
    """Return the losses that somebody would miss, as texts."""
    return tuple(loss.text for loss in losses if loss.is_content)


def refuse_losses(source: Path, losses: Iterable[Loss]) -> None:
    """Refuse to begin if anything at all would be lost, as ``--strict`` asks.

    Raises:
        UnsuitableContainer: naming each loss.
    """
    lost = " ".join(f"{loss.text.removesuffix('.')}." for loss in losses)
    if lost:
        raise UnsuitableContainer(
            f"{source}: --strict was given, but not everything can be kept: {lost} "
            "Choose another format, such as .mkv, or omit --strict."
        )


SELECTIVE = frozenset({"mp4", "mov"})
"""Muxers that write only the tags they have a box for, and silently drop the others."""

AS_A_TRACK = frozenset({"timecode"})
"""Tags that they write as a track of its own."""

APPLES_KEYS = "+use_metadata_tags"
"""For ``movflags``: any tag, by its name. Source: FFmpeg, libavformat/movenc.c."""


def lost_tags(source: MediaInfo, container: str) -> tuple[str, ...]:
    """Return the names of the tags that ``container`` would not hold, in order.

    MPEG-TS holds only a title; Matroska, WebM and NUT hold every tag.
    """
    tags = container_metadata(dict(source.metadata))
    if container_named(container).is_bare:
        return tuple(tags)
    if container == "mpegts":
        return tuple(key for key in tags if key.lower() != "title")
    return _without_box(tags, container, _flags(source, container))


def muxer_options(
    source: MediaInfo, container: str, options: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Return a muxer's options, extended so that it holds most of the source's tags."""
    found = dict(options)
    if flags := _flags(source, container):
        found["movflags"] = found.get("movflags", "") + flags
    return found


def _flags(source: MediaInfo, container: str) -> str:
    if any(stream.is_cover_art for stream in source.others):
        return ""
    tags = container_metadata(dict(source.metadata))
    return APPLES_KEYS if _without_box(tags, container, "") else ""


def _without_box(tags: Mapping[str, str], container: str, flags: str) -> tuple[str, ...]:
    """Return the names of the tags that are lost when written."""
    if not tags or container not in SELECTIVE:
        return ()
    file = io.BytesIO()
    options = {"movflags": flags} if flags else {}
    with av.open(file, "w", format=container, container_options=options) as output:
        output.metadata.update(tags)
        output.add_stream("aac", rate=48_000)
        output.start_encoding()
    file.seek(0)
    with av.open(file, metadata_errors="ignore") as written:
        held = frozenset(key.lower() for key in written.metadata)
    return tuple(key for key in tags if key.lower() not in held | AS_A_TRACK)
