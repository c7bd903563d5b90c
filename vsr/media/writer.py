"""Encode pictures into one segment: a NUT file that holds the video alone.

NUT keeps any time base exactly, takes every codec that vsr writes, and can be read when it is cut
off. The rename from ``.part`` is the commit: a segment under its own name is whole and on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vsr.colour import Colour
from vsr.errors import EncodingFailed
from vsr.frames import HostFrame, Layout
from vsr.media.captions import can_carry_captions, with_captions
from vsr.media.encoder import Encoder
from vsr.media.failures import output_failure
from vsr.media.formats import layout_of
from vsr.media.hdr import HdrMetadata
from vsr.media.mastering import with_mastering
from vsr.media.scan import FIRST_PTS
from vsr.media.trial import configure
from vsr.specs import Size

SEGMENT_OPTIONS = {"movflags": "use_metadata_tags", "avoid_negative_ts": "make_zero"}
"""QuickTime keeps unknown metadata, such as the first pts, only on request, and would hide
pictures before zero behind an edit list."""

DEFAULT_RATE = Fraction(25)
"""Told to rate control where the source does not know its rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputVideo:
    """What the upscaled video is, apart from how it is encoded.

    Attributes:
        size: in pixels.
        time_base: of every pts; the source's own, so that times are exact.
        frame_rate: for rate control and as a hint in the file, or None if unknown.
        colour: the tags to write; unspecified ones stay unspecified.
        sar: the shape of a pixel.
        display_matrix: nine integers in FFmpeg's layout, or None.
        hdr: mastering display and light level, or None.
        metadata: of the stream, such as its language and title.
        disposition: FFmpeg's flags of the stream.
    """

    size: Size
    time_base: Fraction
    frame_rate: Fraction | None = None
    colour: Colour = Colour()
    sar: Fraction = Fraction(1)
    display_matrix: tuple[int, ...] | None = None
    hdr: HdrMetadata | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    disposition: int = 0


class Writer:
    """Write one segment. Use `create` in a ``with``: leaving it commits, an error discards."""

    def __init__(self, path: Path, video: OutputVideo, encoder: Encoder) -> None:
        self.path = path
        self.frames = 0
        self._part = part_of(path)
        self._video = video
        self._encoder = with_mastering(encoder, video.hdr)
        self._layout = cast(Layout, layout_of(encoder.pix_fmt))
        self._captions: dict[int, bytes] = {}
        self._output: OutputContainer | None = None
        self._stream: VideoStream | None = None

    @classmethod
    def create(cls, path: Path, video: OutputVideo, encoder: Encoder) -> Self:
        """Prepare a segment; nothing is written before the first picture.

        Args:
            path: the segment's final name; ``.part`` is added until it is whole.
            video: what the pictures are.
            encoder: as chosen by `encoders.choose`.
        """
        return cls(path, video, encoder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()

    def write(self, frame: HostFrame) -> None:
        """Encode one picture; pts must rise from one call to the next.

        Raises:
            EncodingFailed: the encoder or the muxer gave up.
            NoSpace: the disk is full.
        """
        try:
            if self._stream is None:
                self._open(frame.pts)
            assert self._stream is not None
            if frame.captions and can_carry_captions(self._encoder.codec):
                self._captions[frame.pts] = frame.captions
            self._mux(self._stream.encode(self._picture(frame)))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise output_failure(error, self._part) from error
        self.frames += 1

    def commit(self) -> None:
        """Drain the encoder, close the file, bring it to the disk and give it its name.

        Raises:
            EncodingFailed: no picture was written, or the encoder or muxer gave up.
            NoSpace: the disk is full.
        """
        if self._stream is None or self._output is None:
            raise EncodingFailed(f"{self.path}: not one picture to encode in this segment.")
        try:
            self._mux(self._stream.encode(None))
            self._output.close()
            publish(self._part, self.path)
        except (av.FFmpegError, OSError, ValueError) as error:
            self.discard()
            raise output_failure(error, self._part) from error
        self._output = self._stream = None

    def discard(self) -> None:
        """Close and delete what was written."""
        output, self._output, self._stream = self._output, None, None
        if output is not None:
            with suppress(av.FFmpegError, OSError):  # what the file misses does not matter
                output.close()
        self._part.unlink(missing_ok=True)

    def _open(self, first_pts: int) -> None:
        output = av.open(
            f"file:{self._part}",
            "w",
            format=segment_format(self._encoder.codec),
            container_options=SEGMENT_OPTIONS,
        )
        self._output = output
        output.metadata[FIRST_PTS] = str(first_pts)
        self._stream = add_video(output, self._video, self._encoder)

    def _mux(self, packets: Iterable[Packet[VideoStream]]) -> None:
        assert self._output is not None
        for packet in packets:
            captions = self._captions.pop(packet.pts or 0, None)
            self._output.mux(packet if captions is None else self._captioned(packet, captions))

    def _captioned(self, packet: Packet[VideoStream], captions: bytes) -> Packet[VideoStream]:
        data = with_captions(bytes(packet), captions, self._encoder.codec)
        copy = cast("Packet[VideoStream]", Packet(data))
        copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
        copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
        copy.stream = packet.stream
        return copy

    def _picture(self, frame: HostFrame) -> av.VideoFrame:
        """Copy the planes into a picture that FFmpeg owns: the encoder may hold it for long."""
        size, layout = frame.size, self._layout
        picture = av.VideoFrame(size.width, size.height, self._encoder.pix_fmt)
        for index, plane in enumerate(picture.planes):
            pitch = plane.line_size // layout.dtype.itemsize
            rows = np.frombuffer(memoryview(plane), layout.dtype).reshape(-1, pitch)
            used = rows[: plane.height, : plane.width]
            if index < len(frame.planes):
                used[:] = frame.planes[index]
            else:
                used[:] = 1 << (layout.bits - 1)  # neutral chroma for a gray picture
        picture.pts, picture.time_base = frame.pts, self._video.time_base
        return picture


def add_video(output: OutputContainer, video: OutputVideo, encoder: Encoder) -> VideoStream:
    """Add a stream that encodes ``video`` to a container."""
    stream = output.add_stream(encoder.name, rate=video.frame_rate or DEFAULT_RATE)
    assert isinstance(stream, VideoStream)
    configure(stream.codec_context, encoder, video.size, video.colour)
    stream.codec_context.time_base = video.time_base
    stream.codec_context.sample_aspect_ratio = video.sar
    stream.time_base = video.time_base
    return stream


def segment_format(codec: str) -> str:
    """Return the container of a segment: NUT, which does not take ProRes, else QuickTime."""
    return "mov" if codec == "prores" else "nut"


def part_of(path: Path) -> Path:
    """Return the name of a file while it is being written."""
    return path.with_name(f"{path.name}.part")


def publish(part: Path, path: Path) -> None:
    """Bring ``part`` to the disk, then give it its name: a crash leaves one or the other."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folder
        return
    try:
        os.fsync(handle)
    except OSError:  # some network file systems refuse
        pass
    finally:
        os.close(handle)
