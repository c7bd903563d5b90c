"""Whether a container takes streams: tried in a file in memory, with their first packets."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import IO, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from vsr.media.containers import Container
from vsr.media.streams.convert_audio import add_converted_audio
from vsr.media.streams.convert_text import add_converted
from vsr.media.streams.copy_streams import add_copy, add_cover, container_of, open_muxer
from vsr.media.streams.stream_plan import StreamFate

Packets: TypeAlias = "Sequence[Packet[Stream]]"


PACKETS_COUNT = ("audio", "subtitle", "data")
"""Kinds of streams whose first packets are tried too: the header alone does not show everything."""


TRIED_PACKETS = 4


TRIED_IN_CREDULOUS = 64
"""Packets of each stream that are tried in containers that accept anything: one may be damaged, and
what MPEG-TS holds is recognised only from several (a packet of TrueHD is shorter than a
millisecond)."""


PROBED_PACKETS = 400


PROBED_FOR_CREDULOUS = 4000
"""How far into the source to look for the first packets of each stream."""


def obstacle_to(
    source: InputContainer,
    fates: Sequence[StreamFate],
    target: Container,
    packets: Sequence[Packets],
) -> str:
    """Return why a container does not take streams together, or nothing if it does.

    Headers and first packets are written. What takes every codec is read back as well.
    """
    codec = fates[0].stream.codec
    try:
        is_held = _is_held(source, fates, target, packets)
    except (av.FFmpegError, OSError) as error:
        return f"{target.name} does not take this {codec} ({error.strerror or error})"
    except ValueError:  # how PyAV says that the muxer has no place for the codec
        is_held = False
    return "" if is_held else f"{target.name} cannot hold {codec}"


def _is_held(
    source: InputContainer,
    fates: Sequence[StreamFate],
    target: Container,
    packets: Sequence[Packets],
) -> bool:
    is_acm = any(fate.is_acm for fate in fates)
    with tempfile.TemporaryDirectory() if is_acm else nullcontext("") as folder:
        place = str(Path(folder, "trial.mkv")) if is_acm else io.BytesIO()
        with open_muxer(place, target.name, {}, is_acm=is_acm) as output:
            streams = [add_carried(output, source, fate) for fate in fates]
            kinds = [str(stream.type) for stream in streams]
            output.start_encoding()
            for stream, some in zip(streams, packets):
                _mux_copies(output, stream, some)
        if is_acm and any(packets):
            return {fate.stream.codec for fate in fates} <= set(_codecs_in(place))
        return not (target.is_credulous and any(packets)) or _kinds_in(place, target) == kinds


def _kinds_in(file: IO[bytes] | str, container: Container) -> list[str]:
    if not isinstance(file, str):
        file.seek(0)
    with av.open(file, format=container.name) as written:
        return [str(stream.type) for stream in written.streams]


def _codecs_in(file: IO[bytes] | str) -> list[str]:
    with av.open(file) as written:
        contexts = [stream.codec_context for stream in written.streams]
        return [one.codec.canonical_name for one in contexts if one is not None]


def add_carried(output: OutputContainer, source: InputContainer, fate: StreamFate) -> Stream:
    """Add the stream of the output that carries a stream of the source."""
    stream = source.streams[fate.stream.index]
    if fate.stream.is_cover_art and container_of(output) == "matroska":
        return add_cover(output, stream)
    if fate.target_codec is None:
        return add_copy(output, stream)
    if isinstance(stream, AudioStream):
        return add_converted_audio(output, stream, fate.target_codec)
    return add_converted(output, stream, fate.target_codec)


def _mux_copies(output: OutputContainer, stream: Stream, packets: Packets) -> None:
    """Write packets one after the other; a damaged one is skipped, but not all of them.

    Raises:
        av.FFmpegError: none is taken.
    """
    if stream.type == "attachment":
        return
    taken, time, refusal = 0, 0, None
    for packet in packets:
        copy: Packet[Stream] = Packet(bytes(packet))
        copy.time_base, copy.pts, copy.dts = packet.time_base, time, time
        copy.duration, copy.is_keyframe, copy.stream = packet.duration, True, stream
        time += max(1, packet.duration or 0)
        try:
            output.mux(copy)
            taken += 1
        except av.InvalidDataError as error:  # as when the file is joined
            refusal = error
    if refusal is not None and not taken:
        raise refusal


def stand_in(stream: Stream) -> Packet[Stream]:
    """Return a dummy packet for a stream whose first one comes late; its content is irrelevant."""
    packet: Packet[Stream] = Packet(bytes(16))
    assert stream.time_base is not None
    packet.time_base, packet.pts, packet.dts = stream.time_base, 0, 0
    return packet


def first_packets(
    source: InputContainer, wanted: Sequence[int], target: Container
) -> Mapping[int, list[Packet[Stream]]]:
    """Return the first packets of each wanted stream that has some near the start."""
    wanted = [index for index in wanted if source.streams[index].type in PACKETS_COUNT]
    found: dict[int, list[Packet[Stream]]] = {index: [] for index in wanted}
    enough = TRIED_IN_CREDULOUS if target.is_credulous else TRIED_PACKETS
    if not wanted:
        return found
    with suppress(av.FFmpegError, OSError, ValueError):  # the reader counts damage further on
        for count, packet in enumerate(source.demux()):
            if packet.size and packet.stream_index in found:
                found[packet.stream_index].append(packet)
            is_late = target.is_credulous and not all(found.values())
            if count >= (PROBED_FOR_CREDULOUS if is_late else PROBED_PACKETS) or all(
                len(packets) >= enough for packets in found.values()
            ):
                break
    return {index: packets[:enough] for index, packets in found.items()}
