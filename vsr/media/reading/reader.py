"""All frames of a media file, in presentation order, with exact times.

The packets of a later film in one file are shifted, before they are decoded, to continue the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate, chain
from pathlib import Path

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsr.closing import Closing
from vsr.frames import HostFrame
from vsr.media.clock import Timeline, Timing, rounded, ticks_per_frame
from vsr.media.reading.delivery import Delivery
from vsr.media.reading.probe import probe
from vsr.media.source.decoder import Damage, Decoder, from_key_frame, from_last_key_frame
from vsr.media.source.hardware import SOFTWARE, Decoding, open_decoding
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import is_header
from vsr.media.splices.splice_search import RestartDetector, splices_in
from vsr.media.station_clock import STATION_CLOCKS, S, Turns, timed
from vsr.values import EVERYTHING, PtsSpan

EXACTLY_SEEKABLE = frozenset(
    {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "flv", "nut", "asf", "mxf"}
)
"""Containers that store a time with every frame. In others (MPEG-PS, Ogg) the demuxer derives the
times from what it read before, so that a seek would change them.
"""

SEEK_FRAMES_BACK = (0, 16, 256, 4096)
"""How far before the wanted time to seek, one after the other, until a seek lands before it."""


class Reader(Closing):
    """Read the frames of a file's video stream. Create it with `open`, use it in a ``with``.

    Attributes:
        info: what the file is.
        damage: what was wrong with what has been read of the span so far.
    """

    def __init__(
        self, info: MediaInfo, span: PtsSpan, threads: int, context: int, decoding: Decoding
    ) -> None:
        self.info = info
        # Only the part with the end of the clip can lack bytes.
        self.damage = Damage(missing_bytes=info.missing_bytes if span.end is None else 0)
        self._decoding = decoding
        self._container = open_decoding(self.info.path, self._decoding)
        self._span = span
        self._thread_count = threads
        self._context = context
        self._delivery = Delivery(info.video)
        self._attach()

    @classmethod
    def open(
        cls,
        path: Path | str,
        info: MediaInfo | None = None,
        span: PtsSpan = EVERYTHING,
        thread_count: int = 0,
        context: int = 0,
        decoding: Decoding = SOFTWARE,
    ) -> Reader:
        """Open a file.

        Args:
            path: the file.
            info: what `probe` returned for it; probed here if not given.
            span: the frames to read, exactly.
            thread_count: of the decoder; 0 lets it choose.
            context: frames to read beyond either end of the span, for filters that look at
                neighbours; they are marked (`vsr.frames.Extras`).
            decoding: what decodes (`vsr.media.source.hardware.choose_decoding`); if a GPU turns
                out to be unavailable, software does.

        Raises:
            MediaError: it cannot be opened, or has no video.
        """
        info = replace(info, path=Path(path)) if info else probe(path)
        return cls(info, span, thread_count, context, decoding)

    def close(self) -> None:
        """Close the file. Frames already read stay valid."""
        self._container.close()

    def frames(self) -> Iterator[HostFrame]:
        """Yield the frames of the span in presentation order, once.

        The times are in ticks of ``info.video.time_base`` and strictly increasing.

        Raises:
            DecodingFailed: the file cannot be read any further.
        """
        span, is_end = self._span, False
        before: deque[tuple[VideoFrame, int]] = deque(maxlen=self._context)
        beyond = 0
        for frame, pts in self._stamped():
            if span.start is not None and pts < span.start:
                before.append((frame, pts))
                continue
            is_end = is_end or (span.end is not None and pts >= span.end)
            beyond += is_end
            if beyond > self._context:
                break
            for earlier in before:
                yield self._delivery.deliver(*earlier).as_context()
            before.clear()
            delivered = self._delivery.deliver(frame, pts)
            yield delivered.as_context() if is_end else delivered
        self._decoder.settle()

    def _stamped(self) -> Iterator[tuple[VideoFrame, int]]:
        """Yield decoded frames with their final times, and count what is wrong in the span."""
        video = self.info.video
        step = ticks_per_frame(video.frame_rate, video.time_base)
        # At a splice a decoder mixes frames of two recordings; `moved` has shifted their packets.
        is_moved = video.timing is Timing.GIVEN and self.info.format_name in STATION_CLOCKS
        is_timed = video.timing is not Timing.FRAME_RATE
        start = video.start_pts or 0
        timeline = Timeline(start, step, is_timed=is_timed, may_begin_anew=not is_moved)
        repaired = 0
        for frame, pts in timeline.stamped(self._timed()):
            if pts in self._span:
                self.damage.corrupt_frames += frame.is_corrupt
                self.damage.repaired_times += timeline.repaired - repaired
                is_resized = self._delivery.resizes(frame)
                self.damage.resized_frames += is_resized
                self.damage.reshaped_frames += not is_resized and self._is_reshaped()
                self.damage.converted_frames += not is_resized and self._delivery.differs(frame)
            repaired = timeline.repaired
            yield frame, pts

    def _is_reshaped(self) -> bool:
        """Return whether the stream has come to other proportions of its pixels."""
        sar, first = self._stream.codec_context.sample_aspect_ratio, self.info.video.coded_sar
        return bool(sar) and first is not None and sar != first

    def _timed(self) -> Iterator[tuple[VideoFrame, int | None]]:
        """Yield decoded frames with the time that the file gives them, if it does."""
        timing = self.info.video.timing
        packets = self._packets()  # which may open the file anew
        for frame in self._decoder.frames(packets):
            decoding_time = self._decoder.next_decoding_time()
            if timing is Timing.GIVEN:
                yield frame, frame.pts
            else:
                yield frame, decoding_time if timing is Timing.DECODING_ORDER else None

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield packets from a key frame at or before the span's start (and its context)."""
        video, start = self.info.video, self._span.start
        # Derived times are counted from the beginning, so the beginning must be decoded.
        is_counted = video.timing is not Timing.GIVEN
        if start is None or is_counted or start <= (video.start_pts or 0):
            packets = self._decoder.packets()
            return packets if is_counted else moved(self.info, packets, self.damage)
        wanted = start - min(self._context, 1)
        if self.info.format_name in EXACTLY_SEEKABLE:
            self._decoder.prime()
            step = ticks_per_frame(video.frame_rate, video.time_base)
            for frames_back in SEEK_FRAMES_BACK:
                packets = from_key_frame(self._sought(wanted - rounded(frames_back * step)))
                first = next(packets, None)
                if first is None or first.pts is None or first.pts > wanted:
                    continue
                early = list(_until(packets, start)) if self._context > 1 else []
                times = {packet.pts for packet in (first, *early) if (packet.pts or 0) < start}
                if len(times) >= self._context or first.pts <= (video.start_pts or 0):
                    return chain([first], early, packets)
            self._reopen()
        return from_last_key_frame(self._decoder.packets(), wanted, max(1, self._context))

    def _sought(self, pts: int) -> Iterator[Packet[VideoStream]]:
        try:
            self._container.seek(pts, stream=self._stream)
        except (av.FFmpegError, OverflowError):
            return
        yield from self._decoder.packets()

    def _reopen(self) -> None:
        self._container.close()
        self._container = open_decoding(self.info.path, self._decoding)
        self._attach()

    def _attach(self) -> None:
        stream = self._container.streams[self.info.video.index]
        assert isinstance(stream, VideoStream)
        stream.thread_type = "AUTO"
        # Theora of another chain link has other tables, which frame threads refuse to load.
        is_theora = stream.codec_context.codec.canonical_name == "theora"
        stream.thread_count = 1 if is_theora else self._thread_count
        self._stream = stream
        self._decoder = Decoder(
            self._container, stream, self.damage, self._span, self.info.video.frame_rate
        )


def _until(packets: Iterator[Packet[S]], pts: int) -> Iterator[Packet[S]]:
    """Yield packets up to the first that is shown at a time or later."""
    for packet in packets:
        yield packet
        if packet.pts is not None and packet.pts >= pts:
            return


def moved(info: MediaInfo, packets: Iterable[Packet[S]], damage: Damage) -> Iterator[Packet[S]]:
    """Yield the packets of the video with times that continue across the splices of `splices_in`.

    All streams are shifted by the same amounts. Otherwise, frames lost where a recording begins
    between two key frames would put its audio out of sync.

    Args:
        packets: from the beginning of the file; changed in place.
        damage: where shifted packets are counted.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    restarts, seen, shift, is_asked = RestartDetector(info), 0, 0, False
    coming: deque[tuple[int, int]] = deque()
    is_station = info.format_name in STATION_CLOCKS
    stamped = timed(packets, Turns()) if is_station else ((one, one.pts) for one in packets)
    for packet, pts in stamped:
        if not packet.is_discard and not is_header(packet):
            if restarts.turn_at(packet, pts) < 0 and not is_asked:
                is_asked, coming = True, _shifts(info)
            while coming and seen >= coming[0][0]:
                shift = coming.popleft()[1]
            seen += 1
            damage.repaired_times += shift != 0
        _move(packet, pts, shift)
        yield packet


def _shifts(info: MediaInfo) -> deque[tuple[int, int]]:
    """Return the number of each recording's first packet, and what is added to its times in ticks.

    Holes stay: they are closed where the output is written.
    """
    splices = splices_in(info)
    recordings = splices.recordings if splices else ()
    firsts = accumulate((one.packets for one in recordings), initial=0)
    base = info.video.time_base
    return deque(
        (first, rounded((one.shift + one.closed) / base)) for first, one in zip(firsts, recordings)
    )


def _move(packet: Packet[S], pts: int | None, shift: int) -> None:
    """Set the times of a packet; an implausible one is left to the timeline."""
    if packet.dts is not None and pts is not None and packet.pts is not None:
        packet.dts += pts - packet.pts + shift
    packet.pts = None if pts is None else pts + shift
