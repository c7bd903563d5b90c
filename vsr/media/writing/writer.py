"""Encode frames into one segment: a NUT file that holds only the video.

NUT keeps any time base exactly, takes every codec that vsr writes but ProRes and VP9 with alpha,
and can be read even if truncated. The rename from ``.part`` is the commit: a segment under its own
name is complete and on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vsr.disk.publishing import part_of, publish
from vsr.frames import HostFrame
from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.encoding import Encoding, OutputVideo
from vsr.media.writing.segment_times import FIRST_PTS
from vsr.media.writing.target import output_failure

SEGMENT_OPTIONS = {"movflags": "use_metadata_tags", "avoid_negative_ts": "make_zero"}
"""QuickTime keeps unknown metadata, such as the first pts, only on request, and would hide
frames before zero behind an edit list."""


def _format_of(encoder: Encoder) -> str:
    """Return what holds a segment of an encoder."""
    if encoder.codec == "prores":
        return "mov"
    # Alpha of VP9 is stored beside its packets, which only Matroska holds.
    return "matroska" if encoder.has_alpha and encoder.codec == "vp9" else "nut"


class Writer:
    """Write one segment. Use `create` in a ``with``: leaving it commits, an error discards."""

    def __init__(
        self, path: Path, video: OutputVideo, encoder: Encoder, mark: Callable[[], None]
    ) -> None:
        self.path = path
        self._mark = mark
        self.frames = 0
        self._part = part_of(path)
        self._video = video
        self._encoder = encoder
        self._output: OutputContainer | None = None
        self._encoding: Encoding | None = None

    @classmethod
    def create(
        cls,
        path: Path,
        video: OutputVideo,
        encoder: Encoder,
        mark: Callable[[], None] = lambda: None,
    ) -> Self:
        """Prepare a segment; nothing is written before the first frame.

        Args:
            path: the segment's final name; ``.part`` is added until it is complete.
            video: describes the frames.
            encoder: as chosen by `vsr.media.encoding.choose_encoder.choose`.
            mark: called with every frame and every packet.
        """
        return cls(path, video, encoder, mark)

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
        """Encode one frame; pts must increase from call to call.

        Raises:
            EncodingFailed: the encoder or the muxer gave up.
            NoSpace: the disk is full.
        """
        try:
            if self._encoding is None:
                self._encoding = self._open(frame.pts)
            self._mux(self._encoding.encode(frame))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise output_failure(error, self._part) from error
        self.frames += 1
        self._mark()

    def commit(self) -> None:
        """Drain the encoder, close the file, flush it to disk and give it its name.

        A segment without frames, as a damaged source may give, is an empty file.

        Raises:
            EncodingFailed: the encoder or the muxer gave up.
            NoSpace: the disk is full.
        """
        try:
            if self._encoding is None or self._output is None:
                self._part.touch()
            else:
                self._mux(self._encoding.drain())
                self._output.close()
            publish(self._part, self.path)
        except (av.FFmpegError, OSError, ValueError) as error:
            self.discard()
            raise output_failure(error, self._part) from error
        self._output = self._encoding = None

    def discard(self) -> None:
        """Close and delete what was written."""
        output, self._output, self._encoding = self._output, None, None
        if output is not None:
            with suppress(av.FFmpegError, OSError):  # what the file is missing does not matter
                output.close()
        self._part.unlink(missing_ok=True)

    def _open(self, first_pts: int) -> Encoding:
        self._output = av.open(
            f"file:{self._part}",
            "w",
            format=_format_of(self._encoder),
            container_options=SEGMENT_OPTIONS,
        )
        self._output.metadata[FIRST_PTS] = str(first_pts)
        return Encoding(self._output, self._video, self._encoder)

    def _mux(self, packets: Iterable[Packet[VideoStream]]) -> None:
        assert self._output is not None
        for packet in packets:
            self._output.mux(packet)
            self._mark()
