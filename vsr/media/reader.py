"""Pictures out of a media file, all of them, in the order shown, with exact times."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsr.frames import HostFrame
from vsr.media.decoder import Damage, Decoder
from vsr.media.fields import FieldOrder
from vsr.media.info import MediaInfo, VideoInfo
from vsr.media.planes import Converter, planes_of
from vsr.media.probe import probe
from vsr.media.source import open_input
from vsr.media.tags import captions_of, side_data_of
from vsr.media.timing import Timeline, Timing, ticks_per_frame
from vsr.specs import PtsSpan

EVERYTHING = PtsSpan()


class Reader:
    """Read the pictures of a file's video stream. Made by `open`, used in ``with``.

    Attributes:
        info: what the file is.
        damage: what was wrong with what has been read so far.
    """

    def __init__(
        self, info: MediaInfo, container: InputContainer, span: PtsSpan, context: int
    ) -> None:
        self.info = info
        self.damage = Damage()
        self._container = container
        stream = container.streams[info.video.index]
        assert isinstance(stream, VideoStream)
        self._stream = stream
        self._span = span
        self._context = context
        self._decoder = Decoder(container, stream, self.damage)

    @classmethod
    def open(
        cls,
        path: Path | str,
        info: MediaInfo | None = None,
        span: PtsSpan = EVERYTHING,
        thread_count: int = 0,
        context: int = 0,
    ) -> Reader:
        """Open a file.

        Args:
            info: what `probe` said of it; probed here if not given.
            span: the pictures to read, exact to the frame.
            thread_count: of the decoder; 0 lets it choose.
            context: pictures to read beyond either end of the span, for filters that look at
                neighbours; 0 or 1.

        Raises:
            MediaError: it cannot be opened, or has no video.
        """
        path = Path(path)
        info = info or probe(path)
        container = open_input(path)
        reader = cls(info, container, span, context)
        reader._stream.thread_type = "AUTO"
        reader._stream.thread_count = thread_count
        return reader

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Pictures already read stay valid."""
        self._container.close()

    def frames(self) -> Iterator[HostFrame]:
        """Yield the pictures of the span in presentation order, once.

        The times are in ticks of ``info.video.time_base`` and strictly increasing.

        Raises:
            DecodingFailed: the file cannot be read any further.
        """
        video, span = self.info.video, self._span
        deliver = _Delivery(video, self.damage)
        before: deque[tuple[VideoFrame, int]] = deque(maxlen=self._context)
        beyond = 0
        for frame, pts in self._stamped():
            if span.start is not None and pts < span.start:
                before.append((frame, pts))
                continue
            if span.end is not None and pts >= span.end:
                beyond += 1
                if beyond > self._context:
                    break
            for earlier in before:
                yield deliver(*earlier)
            before.clear()
            yield deliver(frame, pts)

    def _stamped(self) -> Iterator[tuple[VideoFrame, int]]:
        video = self.info.video
        step = ticks_per_frame(video.frame_rate, video.time_base)
        is_timed = video.timing is not Timing.FRAME_RATE
        timeline = Timeline(video.start_pts or 0, step, is_timed=is_timed)
        for frame, pts in timeline.stamped(self._timed()):
            self.damage.repaired_times = timeline.repaired
            yield frame, pts

    def _timed(self) -> Iterator[tuple[VideoFrame, int | None]]:
        """Yield decoded pictures with the time that the file gives them, if it does."""
        timing = self.info.video.timing
        for frame in self._decoder.frames(self._packets()):
            self.damage.corrupt_frames += frame.is_corrupt
            decoding_time = self._decoder.next_decoding_time()
            if timing is Timing.GIVEN:
                yield frame, frame.pts
            else:
                yield frame, decoding_time if timing is Timing.DECODING_ORDER else None

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield packets from a key frame at or before the span's start (and its context)."""
        start = self._span.start
        # Derived times are counted from the beginning, so the beginning must be read.
        if start is None or self.info.video.timing is not Timing.GIVEN:
            return self._decoder.packets()
        wanted = start - min(self._context, 1)
        step = ticks_per_frame(self.info.video.frame_rate, self.info.video.time_base)
        for frames_back in (0, 16, 256, 4096):
            target = wanted - int(frames_back * step)
            packets = self._packets_from(target)
            first = next(packets, None)
            if first is not None and first.pts is not None and first.pts <= wanted:
                return chain([first], packets)
        self._container.seek(self._earliest(), stream=self._stream)
        return self._decoder.packets()

    def _packets_from(self, target: int) -> Iterator[Packet[VideoStream]]:
        """Seek, and yield packets from the first key frame found there."""
        try:
            self._container.seek(target, stream=self._stream)
        except av.FFmpegError:
            return
        is_at_key = False
        for packet in self._decoder.packets():
            is_at_key = is_at_key or packet.is_keyframe
            if is_at_key:
                yield packet

    def _earliest(self) -> int:
        start = self._stream.start_time
        return start if start is not None else 0


class _Delivery:
    """Turn decoded pictures into host frames of one size and layout."""

    def __init__(self, video: VideoInfo, damage: Damage) -> None:
        self._video = video
        self._damage = damage
        self._reading = video.reading
        wanted = self._reading.filtered_as or video.pix_fmt
        self._converter = Converter(video.size, wanted, video.colour)
        self._fields = FieldOrder()

    def __call__(self, frame: VideoFrame, pts: int) -> HostFrame:
        video = self._video
        size = video.size
        differs = (frame.width, frame.height, frame.format.name) != (
            size.width,
            size.height,
            video.pix_fmt,
        )
        self._damage.converted_frames += differs
        is_interlaced = frame.interlaced_frame or video.is_interlaced_in_header
        is_top_first = video.is_top_field_first
        if frame.interlaced_frame:
            is_top_first = self._fields.is_top_first(frame)
        captions = captions_of(side_data_of(frame)) if frame.side_data else None
        if differs or self._reading.filtered_as:
            frame = self._converter.convert(frame)
        return HostFrame(
            planes=planes_of(frame, self._reading, video.colour.range),
            pts=pts,
            layout=video.layout,
            colour=video.colour,
            is_interlaced=is_interlaced,
            is_top_field_first=is_top_first,
            captions=captions,
        )
