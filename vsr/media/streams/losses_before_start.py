"""What is lost of the video stream and of the file around it, known before the start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isinf
from pathlib import Path

from vsr.colour import Siting
from vsr.errors import UnsuitableContainer
from vsr.media.clock import USUAL_FRAME_RATE, Timing
from vsr.media.containers import Container
from vsr.media.encoding.captions import can_carry_captions
from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.encoding.frame_packing import can_tell_packing
from vsr.media.encoding.mastering import can_write_mastering
from vsr.media.encoding.projection import can_tell_views
from vsr.media.source.info import MediaInfo, VideoInfo
from vsr.media.streams.lost_tags import lost_labels, lost_tags, lost_timecode
from vsr.media.streams.stream_plan import Fate, StreamPlan
from vsr.values import TimeRange

HDR_AND_VIEWS = frozenset({
    "HDR10+ dynamic metadata", "HDR Vivid dynamic metadata", "Dolby Vision metadata",
    "the second view (MV-HEVC)",
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
    yield from _lost_projection(source, video, container)
    stereo = video.stereo
    if stereo and not (
        stereo.mode_in(container)
        or can_tell_packing(encoder, stereo)
        or (container == "mp4" and video.spherical and can_tell_views(stereo))
    ):
        yield Loss(
            f"how its two views lie in the picture is not told by {encoder.codec} in {container}: "
            "a 3D screen shows them flat. Choose .mkv.",
            is_content=True,
        )
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


def _lost_projection(source: VideoInfo, video: OutputVideo, container: str) -> Iterator[Loss]:
    told = source.spherical
    if told is None:
        return
    if video.spherical is None:
        how = " Write an .mp4 or .mkv file to keep it." if told.can_be_kept else ""
        yield Loss(
            f"its frames are cut, which leaves no {told.name} video: players show it flat."
            if source.is_cut
            else f"its {told.name} projection is lost: players show it flat.{how}",
            is_content=True,
        )
    elif video.spherical.pose != told.pose:
        yield Loss(
            f"where one looks first in a 360° video is lost with {container}. Choose .mp4 or .mkv."
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
    if (untold := info.untold_chapters) and not container.is_bare:
        yield Loss(
            f"{untold} of {untold + len(info.chapters)} chapters are lost: those within others, of "
            "another edition, or out of order.",
            is_content=True,
        )
    if info.is_ordered:
        yield Loss(
            "its ordered chapters are lost: players show its parts in another order, or from other "
            "files; the result has the frames of this file, as they lie in it.",
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
    """Yield the streams that are dropped unasked for, or converted with loss."""
    for fate in plan.losses:
        is_dropped = fate.fate is Fate.DROP
        yield Loss(f"{fate}.", is_content=is_dropped and fate.stream.kind != "data")


def losses_of_labels(
    info: MediaInfo, plan: StreamPlan, video: OutputVideo, time: TimeRange = TimeRange()
) -> Iterator[Loss]:
    """Yield what is lost of titles, languages and timecode.

    Args:
        video: what is written.
        time: the part of the file that is upscaled.
    """
    yield from map(Loss, lost_labels(info, plan))
    timecode = lost_timecode(info, plan, video, Fraction(str(time.start_seconds)))
    if timecode is not None:
        yield Loss(timecode)


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
