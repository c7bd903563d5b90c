"""A file or pipe with all streams, and what is set in it, joined or written at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from vsr.media.containers import container_named
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.provenance import file_tags, track_tags, with_start
from vsr.media.source.info import MediaInfo
from vsr.media.splices.part import Cut
from vsr.media.splices.splices import Splices
from vsr.media.streams.container_trial import add_carried
from vsr.media.streams.copy_streams import (
    chapters_within,
    container_metadata,
    in_a_row,
    open_muxer,
    stream_metadata,
)
from vsr.media.streams.languages import spelt
from vsr.media.streams.lost_tags import muxer_options
from vsr.media.streams.other_streams import StreamDamage, Timed, other_packets
from vsr.media.streams.stream_plan import StreamFate, StreamPlan
from vsr.media.timecode import TIMECODE, relabelled


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """An output before its header, and the source whose other streams and metadata it carries.

    Attributes:
        origin: the source, open.
        plan: what happens to its other streams.
        skipped: seconds of the source before the first frame that is upscaled.
    """

    output: OutputContainer
    origin: InputContainer
    source: MediaInfo
    plan: StreamPlan
    video: OutputVideo
    skipped: Fraction

    def dress(self, stream: VideoStream, codec: str) -> None:
        """Give the video stream what the frames of a source do not say."""
        upscaled = self.origin.streams[self.source.video.index]
        tag = dict(container_named(self.plan.container).tags).get(codec)
        if tag is not None:
            stream.codec_context.codec_tag = tag
        stream.set_display_matrix(self.video.display_matrix)
        kept = stream_metadata(upscaled.metadata, self.plan.container)
        stream.metadata.update(self._relabelled(kept))
        self._tell_language(stream, self.source.video.language)
        stream.metadata.update(track_tags(self.plan.container, self._made_by))
        stereo = self.video.stereo
        if stereo is not None and (mode := stereo.mode_in(self.plan.container)):
            stream.metadata["stereo_mode"] = mode
        stream.disposition = upscaled.disposition

    def carry(
        self, cut: Cut, lost: StreamDamage, splices: Splices | None
    ) -> tuple[list[tuple[StreamFate, Stream]], Iterator[Timed]]:
        """Set tags, and chapters cut to the part; add the streams, and return their packets too."""
        kept = container_metadata(dict(self.source.metadata))
        self.output.metadata.update(self._relabelled(kept))
        self.output.metadata.update(file_tags(self.plan.container, self._made_by))
        if chapters := chapters_within(self.origin.chapters(), cut):
            self.output.set_chapters(in_a_row(chapters, self.plan.container))
        carried = [
            (fate, add_carried(self.output, self.origin, fate)) for fate in self.plan.carried
        ]
        for fate, stream in carried:
            if fate.stream.kind in ("audio", "subtitle"):
                self._tell_language(stream, fate.stream.language)
        return carried, other_packets(self.origin, carried, cut, lost, splices)

    def _tell_language(self, stream: Stream, language: str | None) -> None:
        """Give a stream the source's language, with a region that FFmpeg did not read."""
        if language is not None:
            stream.metadata["language"] = spelt(language, self.plan.container)

    @property
    def _made_by(self) -> str:
        return with_start(self.video.made_by, self.skipped)

    def _relabelled(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return tags with the timecode of the first frame that is upscaled, if it has one."""
        rate, new_rate = self.source.video.frame_rate, self.video.frame_rate
        ratio = new_rate / rate if rate and new_rate else Fraction(1)
        found: dict[str, str] = {}
        for key, value in tags.items():
            is_timecode = key.lower() == TIMECODE
            label = relabelled(value, rate, self.skipped, ratio) if is_timecode else value
            if label is not None:
                found[key] = label
        return found


def open_output(
    target: str | BinaryIO, source: MediaInfo, plan: StreamPlan, options: Iterable[tuple[str, str]]
) -> OutputContainer:
    """Open an output of the plan's container, so that it holds most of the source's tags.

    Args:
        options: of the muxer, beside those that the container always has.
    """
    container = container_named(plan.container)
    muxing = muxer_options(source, container.name, (*container.options, *options))
    return open_muxer(target, container.name, muxing, is_acm=plan.is_acm)
