"""Clips made in tests, with PyAV alone. Each picture carries its index as a bar code.

The code is a grid of 8 columns and 4 rows: the low byte, its complement, the high byte, its
complement. A bit is read by comparing two cells, so neither lossy coding, another range or depth
nor an enlargement hides it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.stream import Disposition
from numpy.typing import NDArray

from vsr.colour import Range
from vsr.frames import HostFrame, Layout
from vsr.media.formats import layout_of
from vsr.specs import Size

DARK, BRIGHT = 40, 200  # 8-bit codes, inside limited range
COLUMNS, ROWS = 8, 4
SMALL = Size(96, 64)
SILENT = {"crf": "20", "preset": "ultrafast"}
LOSSLESS = {"libx264": {"qp": "0"}, "libx265": {"x265-params": "lossless=1"}}


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
class Subtitle:
    """Text cues: (start, end, text) in seconds. ``codec`` is subrip, ass, webvtt or mov_text."""

    cues: Sequence[tuple[float, float, str]] = ((0.0, 0.5, "one"), (0.6, 1.2, "two"))
    codec: str = "subrip"
    language: str = "eng"
    title: str | None = None


@dataclass(frozen=True, kw_only=True)
class Attachment:
    name: str = "font.ttf"
    mime_type: str = "font/ttf"
    data: bytes = bytes(range(256)) * 8


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Everything a made clip can be; see `write_clip`. Without frames it has no video stream."""

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
        texts = [(_subtitle_stream(output, item), item) for item in clip.subtitles]
        for item in clip.attachments:
            output.add_attachment(item.name, item.mime_type, item.data)
        if clip.chapters:
            output.set_chapters([_chapter(i, item) for i, item in enumerate(clip.chapters)])
        packets = _video_packets(video, clip) if clip.frames else []
        for stream, item in tones:
            packets += _audio_packets(stream, item, clip)
        for stream, item in texts:
            packets += _subtitle_packets(stream, item)
        order = {id(packet): index for index, packet in enumerate(packets)}
        packets.sort(key=lambda packet: (_decoding_seconds(packet), order[id(packet)]))
        for packet in packets:
            output.mux(packet)
    return path


def picture(index: int, size: Size, layout: Layout = Layout()) -> tuple[NDArray[Any], ...]:
    """Return the planes of a picture with its bar code; chroma drifts slowly with the index."""
    unit = 1 << (layout.bits - 8)
    bits = np.array([(index >> bit) & 1 for bit in range(16)], dtype=bool).reshape(2, COLUMNS)
    cells = np.stack([bits[0], ~bits[0], bits[1], ~bits[1]])
    rows = np.arange(size.height) * ROWS // size.height
    columns = np.arange(size.width) * COLUMNS // size.width
    luma = np.where(cells[rows][:, columns], BRIGHT, DARK) * unit
    planes = [luma.astype(layout.dtype)]
    for shape, code in zip(layout.plane_shapes(size)[1:], (100 + index % 40, 160 - index % 40)):
        planes.append(np.full(shape, code * unit, layout.dtype))
    return tuple(planes)


def host_frame(index: int, size: Size = SMALL, layout: Layout = Layout()) -> HostFrame:
    """Return a bar-coded frame as a reader would deliver it, its index as its pts."""
    return HostFrame(planes=picture(index, size, layout), pts=index, layout=layout)


def index_of(luma: NDArray[Any]) -> int:
    """Read the bar code of a luma plane of any size and depth."""
    height, width = luma.shape
    cells = np.empty((ROWS, COLUMNS))
    for row in range(ROWS):
        for column in range(COLUMNS):
            top, bottom = _inner(row, ROWS, height)
            left, right = _inner(column, COLUMNS, width)
            cells[row, column] = luma[top:bottom, left:right].mean()
    bits = np.concatenate([cells[0] > cells[1], cells[2] > cells[3]])
    return int(sum(1 << bit for bit, value in enumerate(bits) if value))


def indices_in(path: Path | str, stream: int = 0) -> list[int]:
    """Decode a whole file plainly and return the bar codes in the order shown."""
    with av.open(str(path)) as container:
        return [index_of(_luma(frame)) for frame in container.decode(video=stream)]


def pts_in(path: Path | str, stream: int = 0) -> list[int | None]:
    """Decode a whole file plainly and return the pts in the order shown, in its time base."""
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=stream)]


def times_in(path: Path | str, stream: int = 0) -> list[Fraction]:
    """Decode a whole file plainly and return the times in seconds, exact."""
    with av.open(str(path)) as container:
        return [frame.pts * Fraction(frame.time_base) for frame in container.decode(video=stream)]


def side_by_side(
    path: Path, sources: Sequence[Path], dispositions: Sequence[Disposition] = ()
) -> Path:
    """Copy all streams of several clips into one file, in order, with the given dispositions."""
    with ExitStack() as stack:
        inputs = [stack.enter_context(av.open(str(source))) for source in sources]
        output = stack.enter_context(av.open(str(path), "w"))
        copies = {
            stream: output.add_stream_from_template(stream, opaque=True)
            for source in inputs
            for stream in source.streams
        }
        for copy, disposition in zip(copies.values(), dispositions):
            copy.disposition = disposition
        for source in inputs:
            for packet in source.demux():
                if packet.size:
                    packet.stream = copies[packet.stream]
                    output.mux(packet)
    return path


def write_captioned(path: Path, frames: int = 12) -> list[bytes]:
    """Write raw H.264 with A/53 captions on every picture; return what each must say."""
    bare = write_clip(path.with_suffix(".bare.h264"), frames=frames, b_frames=0)
    texts = [bytes([0xFC, 0x80 | index, 0x41 + index % 26]) for index in range(frames)]
    queue = iter(texts)
    pieces = []
    for nal in (part.rstrip(b"\0") for part in bare.read_bytes().split(b"\0\0\1")[1:]):
        if nal[0] & 31 in (1, 5):
            body = b"\xb5\x00\x31GA94\x03" + bytes([0xC1, 0xFF]) + next(queue) + b"\xff"
            pieces.append(bytes([6, 4, len(body)]) + body + b"\x80")
        pieces.append(nal)
    path.write_bytes(b"".join(b"\0\0\0\1" + piece for piece in pieces))
    return texts


def _inner(cell: int, cells: int, length: int) -> tuple[int, int]:
    """Return the middle half of a cell, where neighbours do not bleed in."""
    first, last = cell * length / cells, (cell + 1) * length / cells
    quarter = (last - first) / 4
    return round(first + quarter), max(round(first + quarter) + 1, round(last - quarter))


def _luma(frame: av.VideoFrame) -> NDArray[Any]:
    layout = layout_of(frame.format.name)
    if layout is None:
        frame = frame.reformat(format="gray")
        layout = Layout(8, 0, 0, is_gray=True)
    return plane_view(frame.planes[0], layout)


def plane_view(plane: Any, layout: Layout) -> NDArray[Any]:
    """Return a writable view of a plane of a picture in memory."""
    pitch = plane.line_size // layout.dtype.itemsize
    rows = np.frombuffer(plane, layout.dtype)[: plane.height * pitch].reshape(plane.height, pitch)
    return rows[:, : plane.width]


def av_frame(index: int, size: Size, pix_fmt: str) -> av.VideoFrame:
    """Return a bar-coded picture of any pixel format that swscale can write."""
    layout = layout_of(pix_fmt)
    if layout is None:
        return av_frame(index, size, "yuv444p").reformat(format=pix_fmt)
    frame = av.VideoFrame(size.width, size.height, pix_fmt)
    for plane, values in zip(frame.planes, picture(index, size, layout)):
        plane_view(plane, layout)[:] = values
    return frame


def _video_stream(output: Any, clip: Clip) -> Any:
    options = dict(SILENT) if clip.codec in ("libx264", "libx265") else {}
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
    return packets + stream.encode(None)


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


def _subtitle_stream(output: Any, item: Subtitle) -> Any:
    if item.codec == "mov_text":
        stream = output.add_mux_stream("mov_text")
    else:
        with av.open(io.BytesIO(_subtitle_file(item)), format=_subtitle_format(item)) as source:
            stream = output.add_stream_from_template(source.streams[0], opaque=True)
    stream.metadata["language"] = item.language
    if item.title:
        stream.metadata["title"] = item.title
    return stream


def _subtitle_packets(stream: Any, item: Subtitle) -> list[Any]:
    if item.codec == "mov_text":
        return [_text_packet(stream, *cue) for cue in item.cues]
    with av.open(io.BytesIO(_subtitle_file(item)), format=_subtitle_format(item)) as source:
        packets = [packet for packet in source.demux() if packet.size]
    for packet in packets:
        packet.stream = stream
    return packets


def _text_packet(stream: Any, start: float, end: float, text: str) -> Any:
    data = text.encode()
    packet = av.Packet(struct.pack(">H", len(data)) + data)
    packet.stream = stream
    packet.time_base = Fraction(1, 1000)
    packet.pts = packet.dts = round(start * 1000)
    packet.duration = round((end - start) * 1000)
    return packet


def _subtitle_format(item: Subtitle) -> str:
    return {"subrip": "srt", "ass": "ass", "webvtt": "webvtt"}[item.codec]


def _subtitle_file(item: Subtitle) -> bytes:
    if item.codec == "ass":
        head = (
            "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\n"
            "Format: Name, Fontname, Fontsize\nStyle: Default,Arial,20\n\n[Events]\n"
            "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        )
        lines = [
            f"Dialogue: 0,{_clock(a, 2, '.')[1:]},{_clock(b, 2, '.')[1:]},Default,,0,0,0,,{text}\n"
            for a, b, text in item.cues
        ]
        return (head + "".join(lines)).encode()
    mark = "." if item.codec == "webvtt" else ","
    cues = [
        f"{number}\n{_clock(a, 3, mark)} --> {_clock(b, 3, mark)}\n{text}\n\n"
        for number, (a, b, text) in enumerate(item.cues, 1)
    ]
    return (("WEBVTT\n\n" if item.codec == "webvtt" else "") + "".join(cues)).encode()


def _clock(seconds: float, digits: int, mark: str) -> str:
    units = 10**digits
    whole, part = divmod(round(seconds * units), units)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{part:0{digits}}"


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
