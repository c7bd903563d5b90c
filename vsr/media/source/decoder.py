"""Packets to frames: decode one stream to its very end, despite any damage.

A GPU's own decoder (NVDEC) returns frames as NV12 or P010, whose samples are those of the software
decoder in another order. Codecs that are defined bit for bit (H.264, HEVC, VP9, AV1) give the same
frames.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from heapq import heappop, heappush
from itertools import chain
from pathlib import Path
from typing import Self, cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsr.media.clock import ticks_per_frame
from vsr.media.source.opening import demuxed, is_header, open_input
from vsr.media.source.owed_frames import OwedFrames
from vsr.values import PtsSpan
from vsr.wording import counted

FEWEST_KEPT = 64
"""Packets that are kept for a second try at the end: decoders have no more threads than this."""

MOST_KEPT_BYTES = 64 << 20
"""A group of pictures (GOP) of more bytes gets no second try."""

MOST_HELD = 10_000
"""Packets held in memory while a later key frame may come; beyond that, decoding is cheaper."""


@dataclass(slots=True, kw_only=True)
class Damage:
    """What was wrong with an input that could still be read; counted while reading.

    Attributes:
        corrupt_frames: decoded, but marked by the decoder as damaged.
        undecodable_packets: of the video stream, that gave no frame.
        corrupt_packets: the container says that they are damaged or cut short.
        broken_reads: places where the container itself is damaged.
        missing_bytes: by how much the file is shorter than it says.
        repaired_times: frames whose time was missing, repeated or ran backward.
        converted_frames: of another pixel format, matrix or range than the first.
        resized_frames: of another size.
        reshaped_frames: of other proportions of their pixels, give or take as many frames as the
            decoder holds back.
    """

    corrupt_frames: int = 0
    undecodable_packets: int = 0
    corrupt_packets: int = 0
    broken_reads: int = 0
    missing_bytes: int = 0
    repaired_times: int = 0
    converted_frames: int = 0
    resized_frames: int = 0
    reshaped_frames: int = 0

    @classmethod
    def of(cls, counts: Iterable[Mapping[str, int]]) -> Self:
        """Return the damage of several parts together; each is that of `counts`."""
        total: Counter[str] = Counter()
        for one in counts:
            total.update(one)
        return cls(**total)

    def counts(self) -> dict[str, int]:
        """Return what there is of it, by name."""
        return {name: count for name, count in asdict(self).items() if count}

    @property
    def has_losses(self) -> bool:
        """Whether frames are damaged, missing or distorted.

        Repaired times and other conversions are no losses.
        """
        return bool(
            self.corrupt_frames
            or self.undecodable_packets
            or self.corrupt_packets
            or self.broken_reads
            or self.missing_bytes
            or self.resized_frames
            or self.reshaped_frames
        )

    @property
    def losses(self) -> tuple[str, ...]:
        """All of it in one line, if anything was lost; else nothing."""
        return (str(self),) if self.has_losses else ()

    def __bool__(self) -> bool:
        return bool(self.has_losses or self.repaired_times or self.converted_frames)

    def __str__(self) -> str:
        counts = (
            (self.corrupt_frames, "damaged frame", ""),
            (self.undecodable_packets, "packet", " that gave no frame"),
            (self.corrupt_packets, "damaged packet", ""),
            (self.broken_reads, "damaged place", " in the container"),
            (self.missing_bytes, "byte", " missing at the end of the file"),
            (self.repaired_times, "repaired timestamp", ""),
            (self.converted_frames, "frame", " converted to the first one's format"),
            (self.resized_frames, "frame", " of another size, scaled to that of the first"),
            (self.reshaped_frames, "frame", " of other proportions, shown with those of the first"),
        )
        return ", ".join(f"{counted(count, noun)}{rest}" for count, noun, rest in counts if count)


class Decoder:
    """Decode the packets of one stream in order; damage is counted within ``span`` only.

    Attributes:
        decoding_times: a heap of the dts of packets whose frame was not yet returned; the smallest
            belongs to the next frame shown.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        damage: Damage,
        span: PtsSpan,
        frame_rate: Fraction | None = None,
    ) -> None:
        self.decoding_times: list[int] = []
        base = stream.time_base or Fraction(1, 1000)
        codec = stream.codec_context.codec.canonical_name
        step = ticks_per_frame(frame_rate, base)
        self._owed = OwedFrames(codec, step, container.format.name)
        self._groups: deque[list[Packet[VideoStream]]] = deque()
        self._container = container
        self._stream = stream
        self._alpha_context = alpha_decoder(stream)
        self._damage = damage
        self._span = span

    def frames(self, packets: Iterator[Packet[VideoStream]]) -> Iterator[VideoFrame]:
        """Yield every frame in presentation order, including those held back at the end."""
        for packet in packets:
            if packet.dts is not None and not packet.is_discard:
                heappush(self.decoding_times, packet.dts)
            self._keep(packet)
            is_owed = self._counts(packet) and self._owed.expect(packet)
            for frame in self._decoded(packet, is_owed=is_owed):
                self._owed.take(frame)
                yield frame
        for frame in self._drained():
            self._owed.take(frame)
            yield frame

    def settle(self) -> None:
        """Count the packets that have given no frame; call it once no more frames are wanted."""
        self._damage.undecodable_packets += self._owed.count

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield the stream's packets from the current position on, past broken reads.

        Raises:
            DecodingFailed: the file cannot be read any further (a disk or network error).
        """
        packets = demuxed(self._container, [self._stream], self._damage)
        for packet in cast("Iterator[Packet[VideoStream]]", packets):
            self._damage.corrupt_packets += packet.is_corrupt and self._counts(packet)
            yield packet

    def prime(self) -> None:
        """Feed the decoder the first packet, before a seek.

        x264 writes its build number only there, and FFmpeg decodes 4:4:4 of builds before 151
        differently: without it, frames after a seek would differ from those decoded from the start.
        """
        with suppress(av.FFmpegError, StopIteration):
            next(self._container.demux(self._stream)).decode()

    def next_decoding_time(self) -> int | None:
        """Return the decoding time of the frame just returned."""
        return heappop(self.decoding_times) if self.decoding_times else None

    def _decoded(self, packet: Packet[VideoStream], *, is_owed: bool) -> Iterator[VideoFrame]:
        try:
            frames = self._alpha_context.decode(packet) if self._alpha_context else packet.decode()
        except (av.FFmpegError, EOFError):
            if not is_owed:  # else it is counted as long as it has given no frame
                self._damage.undecodable_packets += self._counts(packet)
            return
        yield from frames

    def _keep(self, packet: Packet[VideoStream]) -> None:
        """Keep the last groups of pictures, as far as the decoder may still be at work on them."""
        if packet.is_keyframe or not self._groups:
            self._groups.append([])
        self._groups[-1].append(packet)
        while len(self._groups) > 1 and sum(map(len, self._groups)) - len(self._groups[0]) >= (
            FEWEST_KEPT
        ):
            self._groups.popleft()

    def _counts(self, packet: Packet[VideoStream]) -> bool:
        """Return whether a packet belongs to the part that is read, so that parts add up."""
        return (packet.pts is None or packet.pts in self._span) and not is_header(packet)

    def _drained(self) -> Iterator[VideoFrame]:
        """Yield what the decoder held back.

        At a damaged frame in it, PyAV stops, and FFmpeg cannot be asked to go on: the last groups
        of pictures are decoded once more, by one thread, which holds back no error.
        """
        has_failed = False
        try:
            context = self._alpha_context
            frames = context.decode(None) if context else self._stream.decode(None)
        except EOFError:
            return
        except av.FFmpegError:
            frames, has_failed = [], True
        yield from frames
        if has_failed or self._owed.count:
            for frame in self._decoded_again(is_error_new=not self._owed.is_counted):
                if self._owed.is_new(frame):
                    yield frame

    def _decoded_again(self, *, is_error_new: bool) -> Iterator[VideoFrame]:
        packets = [packet for group in self._groups for packet in group]
        if sum(packet.size for packet in packets) > MOST_KEPT_BYTES:
            self._damage.undecodable_packets += is_error_new
            return
        name = self._container.name.removeprefix("file:")
        with open_input(Path(name)) as container:
            stream = cast("VideoStream", container.streams[self._stream.index])
            stream.thread_count = 1
            for packet in (*packets, None):
                try:
                    yield from stream.codec_context.decode(packet)
                except (av.FFmpegError, EOFError):
                    self._damage.undecodable_packets += is_error_new


ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders return only the colours of what WebM stores beside them."""


def has_alpha_aside(stream: VideoStream) -> bool:
    """Return whether transparency is stored beside the packets, as WebM says in a tag."""
    return any(
        key.lower() == "alpha_mode" and value == "1" for key, value in stream.metadata.items()
    )


def alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """Return the decoder for a stream whose transparency is stored alongside; None for others."""
    codec = stream.codec_context.codec.canonical_name
    if not has_alpha_aside(stream) or codec not in ALPHA_DECODERS:
        return None
    try:
        context = av.CodecContext.create(ALPHA_DECODERS[codec], "r")
    except ValueError:  # a build of FFmpeg without it
        return None
    assert isinstance(context, VideoCodecContext)
    return context


def from_key_frame(packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """Yield packets from the first key frame on."""
    is_at_key = False
    for packet in packets:
        is_at_key = is_at_key or packet.is_keyframe
        if is_at_key:
            yield packet


def from_last_key_frame(
    packets: Iterator[Packet[VideoStream]], wanted: int, count: int = 1
) -> Iterator[Packet[VideoStream]]:
    """Yield packets from the last key frame on whose pts is at or before ``wanted``.

    Args:
        count: of key frames; more for frames before the last one, which may lie alone.
    """
    held: deque[list[Packet[VideoStream]]] = deque([[]], maxlen=count)
    for packet in packets:
        if packet.is_keyframe and packet.pts is not None and packet.pts <= wanted:
            held.append([])
        held[-1].append(packet)
        is_past = packet.dts is not None and packet.dts > wanted
        if is_past or sum(map(len, held)) > MOST_HELD:
            break
    yield from chain.from_iterable(held)
    yield from packets
