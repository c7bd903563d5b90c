"""Clips that are coded in memory: as compression leaves them, and as every browser plays them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import av
import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vsr.errors import EncodingFailed
from vsr.frames import HostFrame
from vsr.media.encoding.codecs import X265_SMALLEST_SIDE
from vsr.media.frames.planes import video_frame_of
from vsr.values import Size

PIX_FMT = "yuv420p"
RATE = 25
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
        encoder.pix_fmt = PIX_FMT
        encoder.framerate = Fraction(RATE)
        encoder.time_base = Fraction(1, RATE)
        encoder.thread_count = 1
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
            stream: Any = output.add_stream(
                ENCODER, rate=fps, options={**OPTIONS, "crf": str(crf), "g": str(KEY_FRAMES)}
            )
            assert isinstance(stream, VideoStream)
            context = stream.codec_context
            context.width, context.height = size.width, size.height
            context.pix_fmt = "yuv420p"
            context.colorspace, context.color_range = 1, 1
            context.color_primaries, context.color_trc = 1, 1
            for picture in pictures:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                output.mux(
                    stream.encode(
                        frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
                    )
                )
            output.mux(stream.encode(None))
    except (av.FFmpegError, ValueError) as error:
        raise EncodingFailed(
            f"{ENCODER}: no video for the page could be made ({error})."
        ) from error
    return file.getvalue()
