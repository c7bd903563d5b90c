"""Sound that a container cannot hold: what it becomes, and its packets decoded and encoded again.

PCM and other lossless sound becomes what the container holds without loss, if there is such; the
rest becomes AAC or Opus. Times are kept to the sample: a hole is filled with silence, what overlaps
is cut, and the encoders' priming samples lie before the first sample, where the container notes
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

from vsr.media.clock import rounded
from vsr.media.containers import Container
from vsr.media.splices.part import Cut
from vsr.media.station_clock import STATION_CLOCKS
from vsr.media.streams.copy_streams import container_of, named_layout, stream_metadata

LOSSLESS = frozenset({
    "alac", "ape", "flac", "mlp", "mp4als", "ralf", "s302m", "shorten", "tak", "truehd", "tta",
    "wavpack", "wmalossless",
})  # fmt: skip
"""Lossless codecs, besides all whose name begins with ``pcm_``."""

AT_MOST_24_BITS = frozenset({"mlp", "pcm_bluray", "pcm_dvd", "pcm_lxf", "s302m", "truehd"})
"""Codecs of at most 24 bits, besides all whose name contains ``s24`` or ``u24``; decoded, they have
32."""

PCM_OF_SAMPLES = {
    "u8": "pcm_u8", "s16": "pcm_s16le", "s32": "pcm_s32le", "flt": "pcm_f32le", "dbl": "pcm_f64le",
}  # fmt: skip

FLAC_SAMPLES = frozenset({"u8", "s16"})
"""Decoded samples that FLAC holds, beside 24 bits in 32."""

BITS_PER_SECOND = {"aac": (64_000, 128_000), "libopus": (64_000, 96_000)}
"""The least and the most bits per second and channel; between them, what the source has."""

OPUS_LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
"""The channel layout of Opus by the number of channels. Source: RFC 7845, 5.1.1.2."""

HOLE_SECONDS = Fraction(1, 100)
"""A longer time between frames is a hole, or an overlap; a shorter one is a container's rounding.
Packets of sound last longer, so that a lost one always shows."""

STATION_HOLE_SECONDS = Fraction(1, 50)
"""The same in MPEG-TS and MPEG-PS, where a time may be that of the middle of a packet."""

PREROLL_SECONDS = 1
"""Before the first sample that is wanted, decoders are given this much to settle."""

Samples = NDArray[Any]


def is_lossless(codec: str) -> bool:
    """Return whether a codec keeps every sample."""
    return codec.startswith("pcm_") or codec in LOSSLESS


def conversions(stream: Stream, target: Container) -> Iterator[tuple[str, bool]]:
    """Yield the encoders that may convert a stream for a container, and if they lose anything."""
    if not isinstance(stream, AudioStream) or stream.codec_context is None:
        return
    codec, samples = stream.codec_context.name, stream.codec_context.format.packed.name
    exact = _exact(codec, samples) if is_lossless(codec) else {}
    for name in target.audio:
        if name in BITS_PER_SECOND:
            yield name, True
        elif name in exact:
            yield exact[name], False


def _exact(codec: str, samples: str) -> dict[str, str]:
    """Return the encoders that keep every sample, by their kind."""
    is_24 = codec in AT_MOST_24_BITS or "s24" in codec or "u24" in codec
    found = {"pcm": "pcm_s24le" if samples == "s32" and is_24 else PCM_OF_SAMPLES.get(samples, "")}
    if samples in FLAC_SAMPLES or (samples == "s32" and is_24):
        found["flac"] = "flac"
    return found


def add_converted_audio(output: OutputContainer, stream: AudioStream, encoder: str) -> AudioStream:
    """Add a stream that takes the sound of another one from an encoder.

    Raises:
        ValueError, av.FFmpegError: the container or the encoder does not take it.
    """
    source = stream.codec_context
    added = output.add_stream(encoder, rate=_rate(encoder, source.sample_rate))
    assert isinstance(added, AudioStream)
    context = added.codec_context
    context.layout = _layout(encoder, source)
    context.format = _samples(encoder, source.format.packed.name)
    context.flags |= Flags.bitexact
    if encoder in BITS_PER_SECOND:
        context.bit_rate = bit_rate_of(stream, encoder)
    added.disposition = stream.disposition
    added.metadata.update(stream_metadata(stream.metadata, container_of(output)))
    return added


def bit_rate_of(stream: AudioStream, encoder: str) -> int:
    """Return the bits per second that a lossy encoder spends on a stream."""
    channels = stream.codec_context.layout.nb_channels
    least, most = (each * channels for each in BITS_PER_SECOND[encoder])
    return min(max(least, stream.bit_rate or most), most)


def _rate(encoder: str, rate: int) -> int:
    """Return the least sampling rate of the encoder that loses nothing, or its highest."""
    known = sorted(av.Codec(encoder, "w").audio_rates or (rate,))
    return next((one for one in known if one >= rate), known[-1])


def _samples(encoder: str, samples: str) -> str:
    known = [one.name for one in av.Codec(encoder, "w").audio_formats or ()]
    wider = {"flac": {"u8": "s16"}, "libopus": {}}.get(encoder, {})
    wanted = wider.get(samples, samples)
    return wanted if wanted in known else known[-1]


def _layout(encoder: str, source: AudioCodecContext) -> str:
    channels = source.layout.nb_channels
    if encoder == "libopus" and channels <= len(OPUS_LAYOUTS):
        return OPUS_LAYOUTS[channels - 1]
    return named_layout(source.layout)


class AudioConversion:
    """Decodes the packets of one stream and encodes their sound, each sample at its time."""

    def __init__(self, target: AudioStream, cut: Cut, format_name: str) -> None:
        """Take the stream to encode for, the part that is wanted, and the source's format."""
        self._target, self._cut = target, cut
        is_station = format_name in STATION_CLOCKS
        self._least_hole = STATION_HOLE_SECONDS if is_station else HOLE_SECONDS
        self._starts_at_zero = cut.start is not None
        self._end = None if cut.end is None else cut.end - cut.zero
        self._next: Fraction | None = None
        self._origin = Fraction(0)
        self._written = 0
        self._resampler: AudioResampler | None = None
        self._resampled: tuple[str, str, int] | None = None

    def wants(self, packet: Packet[Stream]) -> bool:
        """Return whether any of a packet's sound, or what decoders need before it, is wanted."""
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            return True
        seconds = time * packet.time_base
        is_over = self._cut.end is not None and seconds >= self._cut.end
        is_before = self._cut.start is not None and seconds < self._cut.start - PREROLL_SECONDS
        return not (is_over or is_before)

    def converted(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Yield the packets that are ready once a packet of the source is decoded.

        Raises:
            av.FFmpegError, ValueError: it is damaged, and its sound becomes silence.
        """
        for frame in packet.decode():
            assert isinstance(frame, AudioFrame)
            yield from self._encoded(frame)

    def drained(self, stream: Stream) -> Iterator[Packet[Stream]]:
        """Yield the last packets, with what decoder and encoder held back."""
        assert isinstance(stream, AudioStream)
        try:
            held = stream.codec_context.decode(None)
        except (av.FFmpegError, ValueError):  # a decoder that met damage
            held = []
        for frame in held:
            yield from self._encoded(frame)
        if self._next is not None:
            yield from self._sent(self._flushed())
            yield from self._target.encode(None)

    def _encoded(self, frame: AudioFrame) -> Iterator[Packet[Stream]]:
        rate, samples = frame.sample_rate, frame.to_ndarray()
        width = 1 if frame.format.is_planar else frame.layout.nb_channels
        time, skipped = self._placed(frame)
        room = None if self._end is None else ceil((self._end - time) * rate)
        part = samples[:, skipped * width :]
        part = part if room is None else part[:, : max(0, room) * width]
        if not part.size:
            return
        if self._next is None:
            self._origin = self._next = time
        for length in _in_seconds(rounded((time - self._next) * rate), rate):
            quiet = _silence(samples, length * width)
            yield from self._sent(self._resample(_like(frame, quiet)))
        self._next = time + Fraction(part.shape[1] // width, rate)
        yield from self._sent(self._resample(_like(frame, part)))

    def _placed(self, frame: AudioFrame) -> tuple[Fraction, int]:
        """Return when a frame begins in the output, and how many samples are cut off before."""
        rate, after = frame.sample_rate, self._next
        time = after or Fraction(0)
        if frame.pts is not None and frame.time_base is not None:
            time = frame.pts * frame.time_base - self._cut.zero
        if after is not None and time > after:  # a hole, unless it is rounding
            return (time if time - after > self._least_hole else after), 0
        if after is not None:  # an overlap, likewise
            overlap = after - time if after - time > self._least_hole else Fraction(0)
            return after, rounded(overlap * rate)
        skipped = ceil(-time * rate) if self._starts_at_zero and time < 0 else 0
        return time + Fraction(skipped, rate), skipped

    def _resample(self, frame: AudioFrame) -> list[AudioFrame]:
        """Return the sound as the encoder takes it; its form may change on the way."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        before: list[AudioFrame] = []
        if self._resampler is None or form != self._resampled:
            before = self._flushed()
            context = self._target.codec_context
            self._resampler = AudioResampler(
                format=context.format, layout=context.layout, rate=context.sample_rate
            )
            self._resampled = form
        return before + self._resampler.resample(frame)

    def _flushed(self) -> list[AudioFrame]:
        return [] if self._resampler is None else self._resampler.resample(None)

    def _sent(self, frames: list[AudioFrame]) -> Iterator[Packet[Stream]]:
        """Encode frames, each after the one before."""
        rate = self._target.codec_context.sample_rate
        begins = rounded(self._origin * rate)
        for frame in frames:
            frame.pts, frame.time_base = begins + self._written, Fraction(1, rate)
            self._written += frame.samples
            yield from self._target.encode(frame)


def _in_seconds(count: int, rate: int) -> Iterator[int]:
    """Yield the lengths of pieces of at most a second."""
    for begin in range(0, count, rate):
        yield min(rate, count - begin)


def _silence(like: Samples, length: int) -> Samples:
    quiet = 128 if like.dtype == np.uint8 else 0
    return np.full((like.shape[0], length), quiet, like.dtype)


def _like(frame: AudioFrame, samples: Samples) -> AudioFrame:
    """Return a frame of other samples, in the form of ``frame``."""
    made = AudioFrame.from_ndarray(
        np.ascontiguousarray(samples), format=frame.format.name, layout=frame.layout.name
    )
    made.sample_rate = frame.sample_rate
    return made
