"""An output that cannot be joined, a pipe: encoded and muxed at once. There is no resume."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import BinaryIO, Self

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vsr.errors import EncodingFailed
from vsr.frames import HostFrame
from vsr.media.clock import rounded, ticks_per_frame
from vsr.media.containers import container_named
from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.encoding import DEFAULT_RATE, Encoding, OutputVideo
from vsr.media.reading.missing_frames import missing_frames
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import reopen_input
from vsr.media.splices.part import Cut, last_duration_of, skipped_before
from vsr.media.splices.splice_search import splices_among
from vsr.media.streams.copy_streams import SIDE_BY_SIDE
from vsr.media.streams.other_streams import StreamDamage, Timed
from vsr.media.streams.stream_plan import StreamPlan
from vsr.media.writing.output_file import OutputFile, open_output
from vsr.media.writing.target import output_failure
from vsr.values import PtsSpan


class DirectWriter:
    """Write video and the source's other streams into a pipe. Use `create` in a ``with``.

    Attributes:
        frames: how many were written.
        is_sending: a packet is on its way, which the reader of the pipe may take its time to take.
        lost: what the other streams lost to damage.
        missing: what the file no longer holds of the video; known once it is finished.
    """

    def __init__(
        self,
        target: str | BinaryIO,
        source: MediaInfo,
        plan: StreamPlan,
        video: OutputVideo,
        encoder: Encoder,
        span: PtsSpan,
    ) -> None:
        self.frames = 0
        self.is_sending = False
        self.lost = StreamDamage()
        self.missing: tuple[str, ...] = ()
        self._times = array("q")
        self._is_spliced = False
        self._target, self._source, self._plan = target, source, plan
        self._video, self._encoder, self._span = video, encoder, span
        self._is_bare = container_named(plan.container).is_bare
        self._origin: InputContainer | None = None
        self._output: OutputContainer | None = None
        self._encoding: Encoding | None = None
        self._others: Iterator[Timed] = iter(())
        self._next: Timed | None = None
        self._offset = 0
        self._counts_decoding = plan.container in SIDE_BY_SIDE
        self._held: Packet[VideoStream] | None = None
        self._first_dts: int | None = None
        self._closed_before: Callable[[int], int] = lambda pts: 0

    @classmethod
    def create(
        cls,
        target: str | BinaryIO,
        source: MediaInfo,
        plan: StreamPlan,
        video: OutputVideo,
        encoder: Encoder,
        span: PtsSpan = PtsSpan(),  # frozen
    ) -> Self:
        """Prepare the output; nothing is written before the first frame.

        Args:
            target: such as ``pipe:1``, or a file that is open for writing.
            source: whose other streams, chapters and metadata are carried.
            plan: what happens to the other streams.
            video: describes the frames.
            encoder: as chosen by `vsr.media.encoding.choose_encoder.choose`.
            span: the part of the source that is upscaled; unless open, the output starts at 0.
        """
        return cls(target, source, plan, video, encoder, span)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._close()

    def write(self, frame: HostFrame) -> None:
        """Encode one frame, and send the packets of the other streams that belong before it.

        Raises:
            EncodingFailed: the encoder or the muxer gave up, or the pipe was closed by its reader.
            DecodingFailed: the source cannot be read any more.
        """
        if self._origin is None:
            self._origin = reopen_input(self._source.path)
        try:
            if self._encoding is None:
                self._encoding = self._open(self._origin, frame.pts)
            pts = self.frames if self._is_bare else frame.pts - self._closed_before(frame.pts)
            self._mux(self._encoding.encode(replace(frame, pts=pts)))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise output_failure(error, "the pipe") from error
        self.frames += 1
        self._times.append(frame.pts)

    def _open(self, origin: InputContainer, first_pts: int) -> Encoding:
        container, video = container_named(self._plan.container), self._video
        output = open_output(self._target, self._source, self._plan, container.pipe_options)
        self._output = output
        file = OutputFile(
            output=output,
            origin=origin,
            source=self._source,
            plan=self._plan,
            video=video,
            skipped=self._skipped(first_pts),
        )
        base = 1 / (video.frame_rate or DEFAULT_RATE) if self._is_bare else video.time_base
        encoding = Encoding(output, replace(video, time_base=base), self._encoder)
        file.dress(encoding.stream, self._encoder.codec)
        may_start_again = bool(self._plan.carried) and self._span == PtsSpan()
        splices = splices_among(self._source, None, may_start_again=may_start_again)
        if splices is not None:
            self._is_spliced = True
            self._closed_before = splices.closing(video.time_base)
        cut = self._cut(origin, first_pts)
        self._offset = 0 if self._is_bare else rounded(cut.zero / video.time_base)
        _, self._others = file.carry(cut, self.lost, splices)
        self._next = next(self._others, None)
        return encoding

    def _skipped(self, first_pts: int) -> Fraction:
        is_whole = self._span == PtsSpan()
        start = first_pts * self._video.time_base
        return Fraction(0) if is_whole else skipped_before(self._source, start)

    def _cut(self, origin: InputContainer, first_pts: int) -> Cut:
        base = self._video.time_base
        if self._span == PtsSpan():
            return Cut.whole(origin, self._plan.container, first_pts, base)
        end = None if self._span.end is None else self._span.end * self._source.video.time_base
        zero = first_pts - self._closed_before(first_pts)
        return Cut(first_pts * base, end, zero * base)

    def _mux(self, packets: Iterable[Packet[VideoStream]]) -> None:
        for packet in packets:
            if packet.pts is not None:
                packet.pts -= self._offset
            if packet.dts is not None:
                packet.dts -= self._offset
            if not self._counts_decoding:
                self._send(packet)
                continue
            if self._held is None:
                self._first_dts = packet.dts
            else:
                self._send(self._held)
            self._held = packet  # the last one is sent otherwise

    def _send(self, packet: Packet[VideoStream]) -> None:
        assert self._output is not None
        if packet.dts is not None:
            self._mux_others_until(float(packet.dts * packet.time_base))
        with self._sending():
            self._output.mux(packet)

    @contextmanager
    def _sending(self) -> Iterator[None]:
        self.is_sending = True
        try:
            yield
        finally:
            self.is_sending = False

    def _send_last(self) -> None:
        """Send the packet that was held, so that the sum of decoding times is the length.

        As `vsr.media.writing.segment_times.Times.decoding` does, with the encoder's own lead.
        """
        packet, first = self._held, self._first_dts
        if packet is None:
            return
        if packet.pts is not None and packet.dts is not None and first is not None:
            start = self._shown(self._times[0])
            packet.dts = max(packet.dts, packet.pts - (start - first))
            packet.duration = max(1, self._end() - start - (packet.dts - first))
        self._send(packet)

    def _shown(self, pts: int) -> int:
        return pts - self._closed_before(pts) - self._offset

    def _end(self) -> int:
        """Return when the last frame ends."""
        video, last = self._video, self._times[-1]
        step = max(1, rounded(ticks_per_frame(video.frame_rate, video.time_base)))
        if self._source.video.time_base == video.time_base:
            lasting = last_duration_of(self._source, last)
            if self._span.end is not None:
                lasting = min(lasting, max(self._span.end - last, step))
        else:  # frames of fields last as long as the one before
            lasting = last - self._times[-2] if len(self._times) > 1 else step
        return self._shown(last) + lasting

    def _mux_others_until(self, seconds: float) -> None:
        assert self._output is not None
        while self._next is not None and self._next[0] <= seconds:
            try:
                with self._sending():
                    self._output.mux(self._next[1])
            except av.InvalidDataError:  # one that the muxer finds damaged
                self.lost.packets += 1
            self._next = next(self._others, None)

    def _finish(self) -> None:
        if self._encoding is None:
            raise EncodingFailed("the pipe: no frame was written.")
        try:
            self._mux(self._encoding.drain())
            self._send_last()
            self._mux_others_until(float("inf"))
            if self._output is not None:
                output, self._output = self._output, None
                with self._sending():
                    output.close()
            if not self._is_spliced:
                finer, to_end = self._source.video.time_base / self._video.time_base, self._span.end
                times = [int(pts / finer) for pts in self._times]
                self.missing = missing_frames(self._source, times, to_end=to_end is None)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise output_failure(error, "the pipe") from error

    def _close(self) -> None:
        for one in (self._output, self._origin):
            if one is not None:
                with suppress(av.FFmpegError, OSError, ValueError):
                    one.close()
        self._output = self._origin = self._encoding = None
