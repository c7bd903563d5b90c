"""Clips made in tests, with PyAV alone. Each picture carries its index as a bar code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.filter import Graph

from tests.barcode import (
    SMALL,
    av_frame,
    host_frame,
    index_of,
    indices_in,
    picture,
    plane_view,
    pts_in,
    times_in,
)
from tests.cues import Subtitle, subtitle_packets, subtitle_stream
from vsr.colour import Range
from vsr.media.encoding.captions import with_captions
from vsr.media.encoding.codecs import X265_DELAY
from vsr.media.frames.formats import layout_of
from vsr.values import Size

__all__ = [
    "SMALL",
    "Attachment",
    "Audio",
    "Clip",
    "Subtitle",
    "av_frame",
    "host_frame",
    "index_of",
    "indices_in",
    "picture",
    "plane_view",
    "pts_in",
    "times_in",
    "write_clip",
]

FAST = {"crf": "20", "preset": "ultrafast"}


@dataclass(frozen=True, kw_only=True)
class Audio:
    """A sine tone, ``seconds`` long, beginning at ``start``."""

    codec: str = "aac"
    language: str = "eng"
    seconds: float | None = None
    start: float = 0.0
    title: str | None = None
    rate: int = 48000


@dataclass(frozen=True, kw_only=True)
class Attachment:
    name: str = "font.ttf"
    mime_type: str = "font/ttf"
    data: bytes = bytes(range(256)) * 8


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Everything a made clip can be; see `write_clip`. Without frames it has no video stream.

    Attributes:
        pictures: planes of each frame, instead of bar codes.
        captions: triplets of each frame, for H.264.
    """

    frames: int = 48
    size: Size = SMALL
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rate: Fraction = Fraction(25)
    time_base: Fraction | None = None
    pts: Sequence[int] | None = None
    first_index: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    container: str | None = None
    container_options: Mapping[str, str] = field(default_factory=dict)
    gop: int | None = 12
    b_frames: int | None = None
    primaries: int | None = None
    transfer: int | None = None
    matrix: int | None = None
    color_range: Range | None = None
    sar: Fraction | None = None
    rotation: float | None = None
    is_flipped: bool = False
    is_interlaced: bool = False
    is_top_first: bool = True
    pictures: Sequence[Sequence[Any]] = ()
    captions: Sequence[bytes] = ()
    audio: Sequence[Audio] = ()
    subtitles: Sequence[Subtitle] = ()
    attachments: Sequence[Attachment] = ()
    chapters: Sequence[tuple[float, float, str]] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    title: str | None = None


def write_clip(path: Path | str, clip: Clip | None = None, **changes: Any) -> Path:
    """Write a clip: ``write_clip(path, frames=10, codec="libx265", audio=[Audio()])``."""
    path = Path(path)
    clip = clip or Clip(**changes)
    with av.open(
        str(path), "w", format=clip.container, options=dict(clip.container_options)
    ) as output:
        output.metadata.update(clip.metadata)
        video = _video_stream(output, clip) if clip.frames else None
        tones = [(_audio_stream(output, item), item) for item in clip.audio]
        texts = [(subtitle_stream(output, item), item) for item in clip.subtitles]
        for item in clip.attachments:
            output.add_attachment(item.name, item.mime_type, item.data)
        if clip.chapters:
            output.set_chapters([_chapter(i, item) for i, item in enumerate(clip.chapters)])
        packets = _video_packets(video, clip) if clip.frames else []
        for stream, item in tones:
            packets += _audio_packets(stream, item, clip)
        for stream, item in texts:
            packets += subtitle_packets(stream, item)
        order = {id(packet): index for index, packet in enumerate(packets)}
        packets.sort(key=lambda packet: (_decoding_seconds(packet), order[id(packet)]))
        for packet in packets:
            output.mux(packet)
    return path


def _video_stream(output: Any, clip: Clip) -> Any:
    options = dict(FAST) if clip.codec in ("libx264", "libx265") else {}
    if clip.codec == "libx265":
        options["x265-params"] = "log-level=none"
    if clip.codec == "libsvtav1":
        options["preset"] = "12"
    if clip.codec == "libvpx-vp9":
        options |= {"deadline": "realtime", "cpu-used": "8"}
    options |= clip.options
    if clip.codec == "libx265" and "log-level" not in options["x265-params"]:
        options["x265-params"] += ":log-level=none"
    stream = output.add_stream(clip.codec, rate=clip.rate, options=options)
    stream.width, stream.height = clip.size.width, clip.size.height
    stream.pix_fmt = clip.pix_fmt
    context = stream.codec_context
    context.time_base = clip.time_base or 1 / clip.rate
    context.thread_count = 1
    if clip.gop is not None:
        context.gop_size = clip.gop
    if clip.b_frames is not None:
        context.max_b_frames = clip.b_frames
    if clip.sar is not None:
        context.sample_aspect_ratio = clip.sar
    if clip.is_interlaced:
        context.flags |= (1 << 18) | (1 << 29)  # interlaced DCT and motion estimation
    _tag(context, clip)
    if clip.rotation is not None:
        stream.set_display_rotation(clip.rotation, hflip=clip.is_flipped)
    if clip.title:
        stream.metadata["title"] = clip.title
    return stream


def _tag(context: Any, clip: Clip) -> None:
    for name, value in (
        ("color_primaries", clip.primaries),
        ("color_trc", clip.transfer),
        ("colorspace", clip.matrix),
        ("color_range", clip.color_range),
    ):
        if value is not None:
            setattr(context, name, int(value))


def _video_packets(stream: Any, clip: Clip) -> list[Any]:
    time_base = clip.time_base or 1 / clip.rate
    step = 1 / (clip.rate * time_base)
    packets = []
    flag = _field_flag(clip) if clip.is_interlaced else None
    for position in range(clip.frames):
        frame = av_frame(clip.first_index + position, clip.size, clip.pix_fmt)
        for plane, values in zip(frame.planes, clip.pictures[position] if clip.pictures else ()):
            plane_view(plane, layout_of(clip.pix_fmt))[:] = values
        if flag is not None:
            flag.vpush(frame)
            frame = flag.vpull()
        frame.pts = clip.pts[position] if clip.pts else round(position * step)
        frame.time_base = time_base
        for name in ("primaries", "transfer", "matrix", "color_range"):
            value = getattr(clip, name)
            if value is not None:
                attribute = {
                    "primaries": "color_primaries",
                    "transfer": "color_trc",
                    "matrix": "colorspace",
                }.get(name, name)
                setattr(frame, attribute, int(value))
        packets += stream.encode(frame)
    packets += stream.encode(None)
    if clip.captions:
        packets = _captioned(packets, clip.captions)
    if clip.codec == "libx265" and clip.frames <= X265_DELAY:
        for packet in packets:
            packet.dts = packet.pts
    return packets


def _captioned(packets: list[Any], captions: Sequence[bytes]) -> list[Any]:
    """Return packets of H.264 with the captions of their frames."""
    shown = dict(zip(sorted(packet.pts for packet in packets), captions))
    done = []
    for packet in packets:
        copy = av.Packet(with_captions(bytes(packet), shown[packet.pts], "h264"))
        copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
        copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
        copy.stream = packet.stream
        done.append(copy)
    return done


def _field_flag(clip: Clip) -> Graph:
    """Return a filter that marks pictures as interlaced; encoders read it from each of them."""
    graph = Graph()
    source = graph.add(
        "buffer",
        video_size=f"{clip.size.width}x{clip.size.height}",
        pix_fmt=clip.pix_fmt,
        time_base="1/1",
    )
    mark = graph.add("setfield", "tff" if clip.is_top_first else "bff")
    graph.link_nodes(source, mark, graph.add("buffersink")).configure()
    return graph


def _audio_stream(output: Any, item: Audio) -> Any:
    stream = output.add_stream(item.codec, rate=item.rate)
    stream.codec_context.layout = "stereo"
    stream.metadata["language"] = item.language
    if item.title:
        stream.metadata["title"] = item.title
    return stream


def _audio_packets(stream: Any, item: Audio, clip: Clip) -> list[Any]:
    seconds = item.seconds if item.seconds is not None else float(clip.frames / clip.rate)
    count = int(seconds * item.rate)
    wave = 0.2 * np.sin(2 * np.pi * 440 * np.arange(count) / item.rate)
    packets, block = [], 960
    resampler = av.AudioResampler(
        format=stream.codec_context.format.name, layout="stereo", rate=item.rate
    )
    offset = int(item.start * item.rate)
    for begin in range(0, count, block):
        part = wave[begin : begin + block].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([part, part]), format="fltp", layout="stereo")
        frame.rate, frame.pts = item.rate, offset + begin
        frame.time_base = Fraction(1, item.rate)
        for converted in resampler.resample(frame):
            packets += stream.encode(converted)
    return packets + stream.encode(None)


def _chapter(index: int, item: tuple[float, float, str]) -> Any:
    start, end, title = item
    return {
        "id": index + 1,
        "start": round(start * 1000),
        "end": round(end * 1000),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": title},
    }


def _decoding_seconds(packet: Any) -> Fraction:
    time = packet.dts if packet.dts is not None else packet.pts
    return Fraction(time or 0) * Fraction(packet.time_base)
