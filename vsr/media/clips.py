"""Clips that are made: as compression leaves them, as browsers play them, and a procedural one.

The last has audio, for demonstration and benchmarks, and what upscalers fail at: small text, fine
lines in all directions (a Siemens star and a zone plate), fine texture, hard edges and gradients.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vsr.colour import Codes, Matrix, Range, yuv_from_rgb
from vsr.errors import EncodingFailed
from vsr.frames import HostFrame
from vsr.media.encoding.codecs import X265_SMALLEST_SIDE
from vsr.media.frames.planes import video_frame_of
from vsr.values import Size

PIX_FMT = "yuv420p"
CODED_RATE = 25
"""Frames per second for rate control."""

SMALLEST_SIDE = X265_SMALLEST_SIDE
"""The same for every codec, so that one clip suits all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roundtrip:
    """An encoder with its settings, and the decoder of what it writes.

    Attributes:
        encoder: FFmpeg's name, such as ``libx264``.
        decoder: FFmpeg's name, such as ``h264``.
        options: all options passed to FFmpeg.
    """

    encoder: str
    decoder: str
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, frames: Sequence[HostFrame], key: int = 0) -> list[HostFrame]:
        """Return frames as they are after encoding and decoding, in presentation order.

        One thread and no file: the same frames give the same result on every run.

        Args:
            frames: 8-bit 4:2:0 of one even size, at least `SMALLEST_SIDE` a side.
            key: the frame that is intra-coded besides the first.

        Raises:
            EncodingFailed: the codec does not open, gave up, or lost a frame.
        """
        size = frames[0].size
        if min(size.width, size.height) < SMALLEST_SIDE:
            raise EncodingFailed(
                f"{self.encoder}: {size.width}x{size.height} is too small; the minimum is "
                f"{SMALLEST_SIDE}. Take a larger crop."
            )
        try:
            packets = self._encoded(frames, key)
            decoder = CodecContext.create(self.decoder, "r")
            assert isinstance(decoder, VideoCodecContext)
            decoder.thread_count = 1
            decoder.width, decoder.height = size.width, size.height  # some streams do not say
            shown = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
        except (av.FFmpegError, ValueError) as error:
            raise EncodingFailed(f"{self.encoder}: could not compress a clip ({error}).") from error
        if len(shown) != len(frames):
            raise EncodingFailed(
                f"{self.encoder}: {len(shown)} of {len(frames)} frames came back. "
                "Choose another codec."
            )
        return [_host(frame, like) for frame, like in zip(shown, frames)]

    def _encoded(self, frames: Sequence[HostFrame], key: int) -> list[Packet[VideoStream]]:
        encoder = CodecContext.create(self.encoder, "w")
        assert isinstance(encoder, VideoCodecContext)
        encoder.width, encoder.height = frames[0].size.width, frames[0].size.height
        encoder.pix_fmt, encoder.thread_count = PIX_FMT, 1
        encoder.framerate, encoder.time_base = Fraction(CODED_RATE), Fraction(1, CODED_RATE)
        encoder.options = dict(self.options)
        packets: list[Packet[VideoStream]] = []
        for index, frame in enumerate(frames):
            picture = video_frame_of(frame.planes, PIX_FMT)
            picture.pts, picture.time_base = index, encoder.time_base
            if index == key:
                picture.pict_type = PictureType.I
            packets.extend(encoder.encode(picture))
        return [*packets, *encoder.encode(None)]


def _host(frame: av.VideoFrame, like: HostFrame) -> HostFrame:
    """Copy the planes of a decoded frame, whose memory belongs to the decoder."""
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        planes.append(rows[: plane.height, : plane.width].copy())
    return HostFrame(planes=tuple(planes), pts=like.pts, layout=like.layout, colour=like.colour)


ENCODER = "libx264"
OPTIONS = {"preset": "veryfast", "bf": "2"}
KEY_FRAMES = 12
"""Frames between key frames: somebody may step through it."""


def page_video(pictures: Iterable[NDArray[np.uint8]], size: Size, fps: Fraction, crf: int) -> bytes:
    """Return pictures as an MP4 with H.264, 4:2:0, BT.709.

    Args:
        pictures: (H, W, 3) R'G'B' of this size, with even sides.
        crf: x264's own quality.

    Raises:
        EncodingFailed: this build of FFmpeg has no x264, or it gave up.
    """
    file = io.BytesIO()
    try:
        with av.open(file, "w", format="mp4") as output:
            options = {**OPTIONS, "crf": str(crf), "g": str(KEY_FRAMES)}
            stream = _x264(output, size, fps, options)
            for picture in pictures:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                coded = frame.reformat(format=PIX_FMT, dst_colorspace=Colorspace.ITU709)
                output.mux(stream.encode(coded))
            output.mux(stream.encode(None))
    except (av.FFmpegError, ValueError) as error:
        raise EncodingFailed(
            f"{ENCODER}: no video for the page could be made ({error})."
        ) from error
    return file.getvalue()


def _x264(
    output: OutputContainer, size: Size, rate: Fraction, options: dict[str, str]
) -> VideoStream:
    """Add a stream of H.264 in limited-range BT.709."""
    stream = output.add_stream(ENCODER, rate=rate, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, PIX_FMT
    context = stream.codec_context
    context.colorspace, context.color_range = 1, 1
    context.color_primaries, context.color_trc = 1, 1
    return stream


SIZE = Size(480, 270)
SUPERSAMPLING = 4
RATE = Fraction(24)
AUDIO_RATE = 48_000
TEXT = (
    "Nothing is lost: every frame, every",
    "stream, every time stamp. 0123456789",
    "The quick brown fox jumps over the",
    "lazy dog: {}[]()/|\\ &%$#@ fi ffl",
)

Picture = NDArray[np.uint8]
Field = NDArray[np.floating]


def render(size: Size, seconds: float) -> Picture:
    """Return the scene at a moment, at any 16:9 size: (rows, columns, 3) uint8 RGB of BT.709."""
    y, x = np.mgrid[0 : size.height, 0 : size.width].astype(np.float32)
    x, y = (x + 0.5) / size.height, (y + 0.5) / size.height
    picture = _backdrop(x, y, seconds)
    plate, star = _zone_plate(x - 0.38, y - 0.36, seconds), _star(x - 1.40, y - 0.36, seconds)
    picture += _disc(x, y, 0.38, 0.36, 0.26)[..., None] * (plate - picture)
    picture += _disc(x, y, 1.40, 0.36, 0.26)[..., None] * (star - picture)
    image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
    _write_text(image, seconds)
    return np.asarray(image)


def clip_frames(
    seconds: float, size: Size = SIZE, supersampling: int = SUPERSAMPLING
) -> Iterator[Picture]:
    """Yield the clip's frames, each reduced from one ``supersampling`` times larger (bicubic)."""
    for index in range(round(seconds * RATE)):
        large = Image.fromarray(render(size.scaled(supersampling), index / float(RATE)))
        yield np.asarray(large.resize((size.width, size.height), Image.Resampling.BICUBIC))


def write_clip(
    path: Path, seconds: float = 2.0, size: Size = SIZE, supersampling: int = SUPERSAMPLING
) -> None:
    """Write the scene as H.264 (CRF 20, BT.709) with stereo AAC audio; frames as `clip_frames`."""
    with av.open(str(path), "w") as out:
        video = _x264(out, size, RATE, {"crf": "20", "preset": "veryfast"})
        audio = out.add_stream("aac", rate=AUDIO_RATE, layout="stereo")
        for index, picture in enumerate(clip_frames(seconds, size, supersampling)):
            frame = video_frame_of(_yuv420(picture), PIX_FMT)
            frame.pts, frame.time_base = index, 1 / RATE
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start, samples in _sound(seconds):
            chunk = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            chunk.sample_rate, chunk.time_base = AUDIO_RATE, Fraction(1, AUDIO_RATE)
            chunk.pts = start
            out.mux(audio.encode(chunk))
        out.mux(audio.encode(None))


def _backdrop(x: Field, y: Field, seconds: float) -> Field:
    """Return a gradient with a fine moving weave, (H, W, 3) in [0, 1]."""
    phase = 0.12 * seconds
    weave = np.sin(90 * (x + phase) + 6 * np.sin(7 * y)) * np.sin(110 * y + 5 * np.sin(6 * x))
    grain = 0.10 * weave * (0.5 + 0.5 * np.sin(3 * x - seconds))
    red = 0.30 + 0.25 * y + grain
    green = 0.34 + 0.18 * np.cos(2 * x) * y + grain
    blue = 0.52 - 0.22 * y + 0.6 * grain
    picture: Field = np.clip(np.stack([red, green, blue], axis=-1), 0, 1).astype(np.float32)
    return picture


def _disc(x: Field, y: Field, cx: float, cy: float, radius: float) -> Field:
    """Return coverage in [0, 1] of a disc with a soft rim of two thousandths."""
    distance = np.hypot(x - cx, y - cy)
    coverage: Field = np.clip((radius - distance) / 0.002 + 0.5, 0, 1)
    return coverage


def _zone_plate(x: Field, y: Field, seconds: float) -> Field:
    """Return rings whose frequency grows outwards, up to a third of a cycle per small pixel."""
    rings: Field = 0.5 + 0.5 * np.cos(1100 * (x * x + y * y) - 4 * seconds)
    return np.repeat(rings[..., None], 3, axis=-1).astype(np.float32)


def _star(x: Field, y: Field, seconds: float) -> Field:
    """Return a turning Siemens star of 24 spokes."""
    turn = 24 * (np.arctan2(y, x) + 0.2 * seconds)
    spokes = np.clip(0.5 + 8 * np.sin(turn) * np.hypot(x, y), 0.05, 0.95)
    tint = np.array([1.0, 0.92, 0.75], np.float32)
    return (spokes[..., None] * tint).astype(np.float32)


@lru_cache(maxsize=4)
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=pixels)


def _write_text(image: Image.Image, seconds: float) -> None:
    """Draw the text, drifting slowly, in sizes from 1/22 of the height down."""
    draw, height = ImageDraw.Draw(image), image.height
    top = 0.67 * height
    for line, divisor in zip(TEXT, (17, 20, 23, 26), strict=True):
        left = height * (0.12 + 0.02 * seconds)
        draw.text((left, top), line, fill=(245, 240, 225), font=_font(height // divisor))
        top += height / divisor * 1.25


def _yuv420(picture: Picture) -> tuple[Picture, Picture, Picture]:
    """Convert to limited-range BT.709 4:2:0 with left-sited chroma."""
    codes = Codes.of(8, Range.LIMITED)
    yuv = (picture.astype(np.float32) / 255) @ np.array(yuv_from_rgb(Matrix.BT709), np.float32).T
    luma = codes.luma_offset + codes.luma_scale * yuv[..., 0]
    across = _smooth(yuv[..., 1:])
    chroma = codes.chroma_offset + codes.chroma_scale * (across[0::2] + across[1::2]) / 2
    return _quantised(luma), _quantised(chroma[..., 0]), _quantised(chroma[..., 1])


def _smooth(chroma: Field) -> Field:
    """Weigh [1 2 1] / 4 around every second column; the edge is repeated."""
    padded = np.pad(chroma, ((0, 0), (1, 1), (0, 0)), mode="edge")
    middle = padded[:, 1:-1:2]
    columns = middle.shape[1]
    return (padded[:, 0::2][:, :columns] + 2 * middle + padded[:, 2::2][:, :columns]) / 4


def _quantised(values: Field) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _sound(seconds: float) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield (first sample, (2, 1024) samples): a soft chord with a tick each second."""
    total = round(seconds * AUDIO_RATE)
    for start in range(0, total, 1024):
        t = np.arange(start, min(start + 1024, total), dtype=np.float64) / AUDIO_RATE
        chord = sum(np.sin(2 * np.pi * pitch * t) for pitch in (220.0, 277.18, 329.63)) / 12
        tick = 0.4 * np.sin(2 * np.pi * 1000 * t) * (t % 1 < 0.02)
        left, right = chord + tick, np.roll(chord, 7) + tick
        yield start, np.ascontiguousarray(np.stack([left, right]), dtype=np.float32)
