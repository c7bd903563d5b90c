"""The packets of the streams other than the video, cut to the part that was upscaled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream

from vsr.media.clock import rounded
from vsr.media.source.opening import demuxed
from vsr.media.splices.part import Cut
from vsr.media.splices.splices import Splices
from vsr.media.station_clock import STATION_CLOCKS, steady
from vsr.media.streams.continuity import LEAST_STEP_SECONDS, Continuity, straighten
from vsr.media.streams.convert_audio import AudioConversion, is_lossless
from vsr.media.streams.convert_text import converted_packet
from vsr.media.streams.copy_streams import SIDE_BY_SIDE, container_of
from vsr.media.streams.skipped_samples import SkippedSamples
from vsr.media.streams.stream_plan import Fate, StreamFate
from vsr.wording import counted

WIDEST_INTERLEAVING_SECONDS = 10

LEAD_SECONDS = Fraction(1, 10)
"""Before the first sound: what decoders need of it, two packets of AAC or 80 ms of Opus; one packet
that is longer, as of AAC at 8 kHz."""

COARSE_SECONDS = Fraction(1, 500)
"""AVI counts in whole packets or frames; Matroska's milliseconds are fine enough for text."""

Timed: TypeAlias = "tuple[float, Packet[Stream]]"
"""A packet of the output and its decoding time in seconds, by which streams are interleaved."""


@dataclass(slots=True)
class StreamDamage:
    """What was lost of the other streams through damage; counted while they are copied."""

    packets: int = 0
    broken_reads: int = 0

    @property
    def losses(self) -> tuple[str, ...]:
        """The lines of a report: one, or none if nothing is lost."""
        losses = []
        if self.packets:
            losses.append(f"{counted(self.packets, 'packet')} of audio or subtitles")
        if self.broken_reads:
            losses.append(counted(self.broken_reads, "broken place"))
        return (", ".join(losses),) if losses else ()


def other_packets(
    origin: InputContainer,
    carried: list[tuple[StreamFate, Stream]],
    cut: Cut,
    lost: StreamDamage,
    splices: Splices | None = None,
) -> Iterator[Timed]:
    """Yield the packets of the carried streams, ready for the output, in the source's order.

    Damage is counted and skipped: a broken cue must not cost days of work.

    Args:
        origin: the source, at its beginning.
        carried: what happens to each stream, and the output's stream.
        cut: the part that was upscaled.
        lost: where damage is counted.
        splices: the films concatenated in the source; None if it is one.
    """
    streams = {
        fate.stream.index: _CarriedStream.of(fate, target, cut, origin.format.name)
        for fate, target in carried
    }
    for packet in _heard(_chosen(origin, set(streams), lost, splices)):
        if _is_long_after(packet, cut):
            break
        one = streams[packet.stream_index]
        which = splices.recording_of(packet) if splices else None  # before its times are changed
        film = None
        if splices and which is not None:
            if one.is_audio and splices.is_beyond(which, packet):
                lost.packets += 1
                continue
            film = which, splices.recordings[which].shift
        if one.wants(packet, cut):
            yield from one.packets_of(packet, film, lost)
    for index, one in streams.items():
        if one.sound is not None:
            yield from _sounding(one.sound.drained(origin.streams[index]), lost)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _CarriedStream:
    """What becomes of the packets of one stream.

    Attributes:
        sound: converts them, if they are sound that is converted.
        skipped: counts samples that decoders drop, where the output tells them by times alone.
    """

    fate: StreamFate
    target: Stream
    clock: Continuity
    sound: AudioConversion | None
    skipped: SkippedSamples | None

    @classmethod
    def of(cls, fate: StreamFate, target: Stream, cut: Cut, source_format: str) -> Self:
        sound = skipped = None
        if isinstance(target, AudioStream):
            if fate.fate is Fate.CONVERT:
                sound = AudioConversion(target, cut, source_format)
            if container_of(target.container) in SIDE_BY_SIDE:
                skipped = SkippedSamples(target.codec_context.sample_rate)
        return cls(fate=fate, target=target, clock=Continuity(), sound=sound, skipped=skipped)

    @property
    def is_audio(self) -> bool:
        return self.fate.stream.kind == "audio"

    def wants(self, packet: Packet[Stream], cut: Cut) -> bool:
        """Move a packet to the output's clock; return False if nothing is made of it."""
        if self.sound is not None:
            return self.sound.wants(packet)
        return self.target.type != "attachment" and _place(packet, cut)

    def packets_of(
        self, packet: Packet[Stream], film: tuple[int, Fraction] | None, lost: StreamDamage
    ) -> Iterator[Timed]:
        """Yield what is written of a packet; damage is counted.

        Args:
            film: as `straighten` takes it.
        """
        if self.sound is not None:
            if packet.pts is not None or packet.dts is not None:
                straighten(packet, self.clock, film, is_audio=True, is_written=False)
            yield from _sounding(self.sound.converted(packet), lost)
            return
        ready = _ready(packet, self.fate, self.target, lost)
        if ready is None:
            return
        if not straighten(ready, self.clock, film, is_audio=self.is_audio):
            lost.packets += 1
            return
        if self.skipped is not None:
            self.skipped.drop(ready)
        ready.stream = self.target
        yield _timed(ready)


def _timed(packet: Packet[Stream]) -> Timed:
    return float((packet.dts or 0) * packet.time_base), packet


def _sounding(packets: Iterator[Packet[Stream]], lost: StreamDamage) -> Iterator[Timed]:
    """Yield converted packets; a damaged one is counted."""
    try:
        yield from map(_timed, packets)
    except (av.FFmpegError, ValueError):
        lost.packets += 1


def _ready(
    packet: Packet[Stream], fate: StreamFate, target: Stream, lost: StreamDamage
) -> Packet[Stream] | None:
    """Return a packet in the output's format; None if it is empty or damaged."""
    try:
        return converted_packet(packet, target) if fate.fate is Fate.CONVERT else packet
    except (av.FFmpegError, ValueError):  # a cue that cannot be decoded
        lost.packets += 1
        return None


def _chosen(
    origin: InputContainer, indices: set[int], lost: StreamDamage, splices: Splices | None
) -> Iterator[Packet[Stream]]:
    """Yield the packets of the given streams; the video's packets only mark the position."""
    if not indices:
        return
    read = indices | {splices.video} if splices else indices
    for stream in origin.streams:
        if stream.index not in read:
            stream.discard = Discard.all
    packets = demuxed(origin, [origin.streams[index] for index in sorted(read)], lost)
    is_station = origin.format.name in STATION_CLOCKS
    believed = steady(packets) if is_station else ((packet, True) for packet in packets)
    for packet, is_believed in believed:
        if splices and packet.stream_index == splices.video:
            splices.follow(packet, is_believed=is_believed)
        elif is_believed:
            yield packet
        else:
            lost.packets += 1


def _heard(packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Yield packets without the sound and text that were trimmed away, as on a phone.

    An edit list hides them, of sound up to a second before each part that is heard; most containers
    have none. What decoders need is kept before the first part; between two is no room for it.
    """
    hidden: dict[int, list[Packet[Stream]]] = {}
    begun: set[int] = set()
    for packet in packets:
        index = packet.stream_index
        if packet.stream.type != "audio" or packet.pts is None:
            if not (packet.is_discard and packet.stream.type == "subtitle"):
                yield packet
        elif packet.is_discard:
            hidden.setdefault(index, []).append(packet)
        else:
            before = hidden.pop(index, [])
            if index not in begun:
                begun.add(index)
                yield from _lead(before, packet)
            yield packet


def _lead(before: Sequence[Packet[Stream]], first: Packet[Stream]) -> Iterator[Packet[Stream]]:
    """Yield what a decoder needs of the packets before the first that is heard."""
    codec, base = first.stream.codec_context, first.time_base
    if not before or codec is None or is_lossless(codec.name):
        return
    lead = max(rounded(LEAD_SECONDS / base), before[-1].duration or 0)
    yield from (one for one in before if (one.pts or 0) >= (first.pts or 0) - lead)


def _is_long_after(packet: Packet[Stream], cut: Cut) -> bool:
    """Return whether the part is over: streams are interleaved more closely than this."""
    if cut.end is None or packet.dts is None:
        return False
    return packet.dts * packet.time_base > cut.end + WIDEST_INTERLEAVING_SECONDS


def _place(packet: Packet[Stream], cut: Cut) -> bool:
    """Move a packet to the output's clock; return False if it is outside the part."""
    time = packet.pts if packet.pts is not None else packet.dts
    if packet.stream.disposition & Disposition.attached_pic:
        packet.pts = packet.dts = 0
        return True
    if time is None:
        return cut.start is None
    if cut.start is not None and not _trim(packet, time, cut.start, cut.end):
        return False
    is_sound = packet.stream.type == "audio"
    if packet.time_base > (LEAST_STEP_SECONDS if is_sound else COARSE_SECONDS):
        _refine(packet)
    shift = rounded(cut.zero / packet.time_base)
    packet.pts = packet.pts - shift if packet.pts is not None else None
    packet.dts = packet.dts - shift if packet.dts is not None else None
    return True


def _refine(packet: Packet[Stream]) -> None:
    """Make the ticks of a packet a thousand times finer, to move it by part of one."""
    packet.time_base = Fraction(packet.time_base) / 1000
    packet.pts = packet.pts * 1000 if packet.pts is not None else None
    packet.dts = packet.dts * 1000 if packet.dts is not None else None
    packet.duration = (packet.duration or 0) * 1000


def _trim(packet: Packet[Stream], time: int, start: Fraction, end: Fraction | None) -> bool:
    """Cut a subtitle to the part; return False if the packet is outside it."""
    base, until = packet.time_base, time + (packet.duration or 0)
    is_subtitle = packet.stream.type == "subtitle"
    first, last = start / base, end / base if end is not None else None
    is_shown_later = is_subtitle and until > first
    if (time < first and not is_shown_later) or (last is not None and time >= last):
        return False
    if is_subtitle and packet.duration:  # shown across the cut: clip it
        until = until if last is None else min(until, rounded(last))
        time = max(time, rounded(first))
        packet.duration = max(1, until - time)
        packet.pts = packet.dts = time
    return True
