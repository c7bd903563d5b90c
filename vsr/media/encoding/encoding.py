"""The upscaled video: what a file says about it, and its frames as packets of an output stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vsr.colour import Codes, Colour, Range, rgb_from_yuv
from vsr.frames import Extras, HostFrame
from vsr.media.encoding.captions import can_carry_captions, with_captions
from vsr.media.encoding.codecs import X265_DELAY, Encoder
from vsr.media.encoding.encoder_trial import configure
from vsr.media.encoding.frame_packing import with_frame_packing
from vsr.media.encoding.mastering import with_mastering
from vsr.media.encoding.scheduling import open_encoder
from vsr.media.frames.formats import alpha_pix_fmt, layout_of
from vsr.media.frames.hdr import HdrMetadata
from vsr.media.frames.spherical import Spherical
from vsr.media.frames.stereo import Stereo
from vsr.values import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputVideo:
    """What the upscaled video is.

    Attributes:
        size: in pixels.
        time_base: of every pts; the source's own, so that times are exact.
        frame_rate: for rate control and as a hint in the file, or None if unknown.
        colour: the tags to write; unspecified ones stay unspecified.
        sar: the sample aspect ratio.
        display_matrix: nine integers in FFmpeg's layout, or None.
        hdr: mastering display and light level, or None.
        stereo: how the views of a 3D film are packed, or None.
        spherical: the projection of a 360° video, as far as the container tells it, or None.
        made_by: program, network and settings, for the file's tags; empty for none.
    """

    size: Size
    time_base: Fraction
    frame_rate: Fraction | None = None
    colour: Colour = Colour()
    sar: Fraction = Fraction(1)
    display_matrix: tuple[int, ...] | None = None
    hdr: HdrMetadata | None = None
    stereo: Stereo | None = None
    spherical: Spherical | None = None
    made_by: str = ""


DEFAULT_RATE = Fraction(25)
"""The frame rate that encoders plan with if the source does not say one."""


class Encoding:
    """One run of an encoder, into a stream that it adds to ``output``.

    Attributes:
        stream: of the output; its header fields can be set until the first packet is muxed.
    """

    def __init__(self, output: OutputContainer, video: OutputVideo, encoder: Encoder) -> None:
        mastered = with_mastering(encoder, video.hdr)
        self._encoder = with_frame_packing(mastered, video.stereo)
        self._layout = layout_of(encoder.pix_fmt)
        self._colour = video.colour
        self._time_base = video.time_base
        self._extras: dict[int, Extras] = {}
        self._taken = 0
        stream = output.add_stream(encoder.name, rate=video.frame_rate or DEFAULT_RATE)
        assert isinstance(stream, VideoStream)
        configure(stream.codec_context, self._encoder, video.size, video.colour)
        stream.codec_context.time_base = stream.time_base = video.time_base
        stream.codec_context.sample_aspect_ratio = video.sar
        if encoder.has_alpha and encoder.codec == "vp9":
            stream.metadata["alpha_mode"] = "1"
        self.stream = stream

    def encode(self, frame: HostFrame) -> Iterator[Packet[VideoStream]]:
        """Yield the packets that are ready once the encoder has taken a frame."""
        if frame.extras != Extras():
            self._extras[frame.pts] = frame.extras
        self._taken += 1
        if not self.stream.codec_context.is_open:
            open_encoder(self.stream.codec_context)
        yield from self._with_extras(self.stream.encode(self._picture(frame)))

    def drain(self) -> Iterator[Packet[VideoStream]]:
        """Yield the packets that the encoder held back, each as soon as it is there."""
        yield from self._with_extras(self._drained())

    def _drained(self) -> Iterator[Packet[VideoStream]]:
        for packet in self.stream.codec_context.encode_lazy(None):
            if self._encoder.name == "libx265" and self._taken <= X265_DELAY:
                packet.dts = packet.pts  # so few frames are never reordered
            packet.stream = self.stream
            yield cast("Packet[VideoStream]", packet)

    def _with_extras(self, packets: Iterable[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
        """Yield the packets with the extras of the frame of the same pts."""
        for packet in packets:
            extras = self._extras.pop(packet.pts or 0, Extras())
            if not extras.captions or not can_carry_captions(self._encoder.codec):
                yield packet
                continue
            data = with_captions(bytes(packet), extras.captions, self._encoder.codec)
            copy = cast("Packet[VideoStream]", Packet(data))
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
            copy.stream = packet.stream
            yield copy

    def _picture(self, frame: HostFrame) -> av.VideoFrame:
        """Copy the planes into a frame that FFmpeg owns: the encoder may keep it for some time."""
        size, layout = frame.size, self._layout
        if self._encoder.codec == "png":
            image = image_frame(
                frame, self._encoder.pix_fmt, self._colour, has_alpha=self._encoder.has_alpha
            )
            image.pts, image.time_base = frame.pts, self._time_base
            return image
        assert layout is not None  # of every other encoder
        pix_fmt, has_alpha = self._encoder.pix_fmt, self._encoder.has_alpha
        if has_alpha:
            pix_fmt = alpha_pix_fmt(pix_fmt)
        picture = av.VideoFrame(size.width, size.height, pix_fmt)
        for index, plane in enumerate(picture.planes):
            pitch = plane.line_size // layout.dtype.itemsize
            rows = np.frombuffer(memoryview(plane), layout.dtype).reshape(-1, pitch)
            used = rows[: plane.height, : plane.width]
            if index == ALPHA_PLANE:
                used[:] = (1 << layout.bits) - 1 if frame.alpha is None else frame.alpha
            elif index < len(frame.planes):
                used[:] = frame.planes[index]
            else:
                used[:] = 1 << (layout.bits - 1)  # neutral chroma for a gray frame
        colour = self._colour  # ProRes tells what the frames are tagged with
        picture.color_primaries, picture.color_trc = colour.primaries, colour.transfer
        picture.colorspace, picture.color_range = colour.matrix, int(colour.range)
        picture.pts, picture.time_base = frame.pts, self._time_base
        return picture


ALPHA_PLANE = 3
"""The index of the alpha plane, after luma and both planes of chroma."""


def image_frame(
    frame: HostFrame, pix_fmt: str, colour: Colour, *, has_alpha: bool = False
) -> av.VideoFrame:
    """Return a frame as R'G'B', or as gray, full range; the codes are rounded once.

    Args:
        colour: the tags of the output, by which its matrix and range are known.
    """
    size, bits = frame.size, frame.layout.bits
    known = colour.resolved(size.width, size.height)
    codes = Codes.of(bits, known.range)
    amplitudes = [(frame.planes[0].astype(np.float32) - codes.luma_offset) / codes.luma_scale]
    if not frame.layout.is_gray:
        amplitudes += [
            (plane.astype(np.float32) - codes.chroma_offset) / codes.chroma_scale
            for plane in frame.planes[1:]
        ]
        rows = np.array(rgb_from_yuv(known.matrix), np.float32)
        amplitudes = list(np.einsum("rc,chw->rhw", rows, np.stack(amplitudes)))
    if has_alpha:
        opaque = np.ones(frame.planes[0].shape, np.float32)
        amplitudes.append(opaque if frame.alpha is None else frame.alpha / np.float32(codes.peak))
    is_deep = pix_fmt.endswith("be")
    peak, dtype = (65535, ">u2") if is_deep else (255, "u1")
    samples = np.stack([np.rint(np.clip(one, 0, 1) * peak).astype(dtype) for one in amplitudes], -1)
    full = alpha_pix_fmt(pix_fmt) if has_alpha else pix_fmt
    image = av.VideoFrame(size.width, size.height, full)
    plane = image.planes[0]
    pitch = plane.line_size // samples.dtype.itemsize
    rows_of_plane = np.frombuffer(memoryview(plane), dtype).reshape(-1, pitch)
    rows_of_plane[: size.height, : size.width * samples.shape[2]] = samples.reshape(size.height, -1)
    image.color_range = int(Range.FULL)
    image.color_primaries, image.color_trc = colour.primaries, colour.transfer
    return image
