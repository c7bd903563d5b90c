"""Frames as compression leaves them: encoded and decoded again, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

import av
import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.stream import VideoStream

from vsr.errors import EncodingFailed
from vsr.frames import HostFrame
from vsr.media.encoding.codecs import X265_SMALLEST_SIDE
from vsr.media.encoding.repeatable import repeatable
from vsr.media.encoding.scheduling import open_encoder
from vsr.media.frames.planes import video_frame_of

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
            raise EncodingFailed(
                f"{self.encoder}: could not compress the frames ({error})."
            ) from error
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
        encoder.options = repeatable(self.encoder, self.options)
        open_encoder(encoder)
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
