"""Segments and joined files for tests: what a job does, without upscaling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from tests.clips import host_frame
from vsr.colour import Colour
from vsr.frames import HostFrame, Layout
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.frames.hdr import ContentLight, HdrMetadata, MasteringDisplay
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.resume.segments import plan
from vsr.media.source.info import MediaInfo
from vsr.media.streams.stream_plan import StreamPlan
from vsr.media.streams.streams import plan_streams
from vsr.media.writing.join import join
from vsr.media.writing.verify import JoinedFile
from vsr.media.writing.writer import Writer
from vsr.specs import EncodeSpec
from vsr.values import Size, TimeRange

SIZE = Size(96, 64)
CONTAINERS = ("mp4", "mov", "mkv")
HDR = HdrMetadata(
    mastering=MasteringDisplay(
        red=(Fraction(34_000, 50_000), Fraction(16_000, 50_000)),
        green=(Fraction(13_250, 50_000), Fraction(34_500, 50_000)),
        blue=(Fraction(7_500, 50_000), Fraction(3_000, 50_000)),
        white=(Fraction(15_635, 50_000), Fraction(16_450, 50_000)),
        min_luminance=Fraction(50, 10_000),
        max_luminance=Fraction(1000),
    ),
    light=ContentLight(max_content=1000, max_frame_average=400),
)


def encoder_for(
    codec: str = "h264",
    layout: Layout = Layout(),
    colour: Colour = Colour(),
    size: Size = SIZE,
    **spec: Any,
) -> Encoder:
    spec.setdefault("encoder_preset", "ultrafast")
    return choose(
        EncodeSpec(codec=codec, **spec),
        {"prores": "mov"}.get(codec, "matroska"),
        EncoderInput(size=size, layout=layout, colour=colour),
        is_cpu_device=True,
        threads=2,
    )


def video_of(info: MediaInfo, container: str = "matroska") -> OutputVideo:
    """Return what the upscaled video would be at ×1."""
    video = info.video
    return OutputVideo(
        size=video.size,
        time_base=video.time_base,
        frame_rate=video.frame_rate,
        colour=video.colour,
        sar=video.sar,
        display_matrix=video.display_matrix,
        hdr=video.hdr,
        stereo=video.stereo,
        spherical=video.spherical and video.spherical.held_in(container),
    )


def write_segment(
    path: Path,
    frames: Iterable[HostFrame] | int = 10,
    encoder: Encoder | None = None,
    video: OutputVideo | None = None,
) -> Path:
    if isinstance(frames, int):
        frames = [host_frame(index) for index in range(frames)]
    video = video or OutputVideo(size=SIZE, time_base=Fraction(1, 25), frame_rate=Fraction(25))
    with Writer.create(path, video, encoder or encoder_for()) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def carry(
    source: Path,
    target: Path,
    *,
    codec: str = "h264",
    frames_per_segment: int = 16,
    time: TimeRange = TimeRange(),
    options: Sequence[tuple[str, str]] = (),
    made_by: str = "",
    encoder_preset: str = "ultrafast",
    **keep: bool,
) -> tuple[StreamPlan, JoinedFile]:
    """Encode ``source`` in segments and join them with its other streams into ``target``."""
    info = probe(source)
    container = {".mkv": "matroska", ".ts": "mpegts"}.get(target.suffix, target.suffix[1:])
    streams = plan_streams(info, container, **keep)
    encoder = encoder_for(
        codec, info.video.layout, info.video.colour, info.video.size, encoder_preset=encoder_preset
    )
    video = replace(video_of(info, container), made_by=made_by)
    paths = []
    for segment in plan(info, frames_per_segment, time):
        path = target.parent / f"{target.name}-{segment.index:06d}.nut"
        with Reader.open(source, info, segment.span) as reader:
            paths.append(write_segment(path, reader.frames(), encoder, video))
    joined = join(paths, info, streams, target, video, time=time, options=options)
    return streams, joined


def packets_in(path: Path, kind: str, index: int = 0) -> list[tuple[Fraction, bytes]]:
    """Return (time, content) of each packet of a stream."""
    with av.open(str(path)) as container:
        stream = [one for one in container.streams if one.type == kind][index]
        return [
            ((packet.pts or 0) * Fraction(packet.time_base), bytes(packet))
            for packet in container.demux(stream)
            if packet.size
        ]


def chapters_in(path: Path) -> list[tuple[float, float, str]]:
    """Return (start, end, title) of each chapter, in seconds."""
    with av.open(str(path)) as container:
        return [
            (
                float(one["start"] * one["time_base"]),
                float(one["end"] * one["time_base"]),
                one["metadata"]["title"],
            )
            for one in container.chapters()
        ]
