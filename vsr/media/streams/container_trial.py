"""Find out what a container accepts, by writing streams to a file in memory."""

from __future__ import annotations

import io
from collections.abc import Sequence

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from vsr.media.containers import Container
from vsr.media.streams.copy_streams import add_converted, add_copy, add_cover
from vsr.media.streams.stream_plan import StreamFate

PACKETS_COUNT = ("audio", "subtitle", "data")
"""Kinds of streams whose first packet is tried too: the header alone does not show everything."""

PROBED_PACKETS = 400
"""How far into the source to look for the first packet of each stream."""


def accepts(
    source: InputContainer,
    fates: Sequence[StreamFate],
    target: Container,
    packets: Sequence[Packet[Stream] | None],
) -> bool:
    """Return whether a container accepts streams together, judged by headers and first packets."""
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=target.name) as output:
            streams = [add_carried(output, source, fate) for fate in fates]
            kinds = [stream.type for stream in streams]
            output.start_encoding()
            for stream, packet in zip(streams, packets):
                if packet is not None:
                    _mux_copy(output, stream, packet)
        return not (target.is_credulous and any(packets)) or _kinds_in(file, target) == kinds
    except (av.FFmpegError, OSError, ValueError):
        return False


def _kinds_in(file: io.BytesIO, container: Container) -> list[str]:
    file.seek(0)
    with av.open(file, format=container.name) as written:
        return [stream.type for stream in written.streams]


def add_carried(output: OutputContainer, source: InputContainer, fate: StreamFate) -> Stream:
    """Add the stream of the output that carries a stream of the source."""
    stream = source.streams[fate.stream.index]
    if fate.stream.is_cover_art and output.format.name == "matroska":
        return add_cover(output, stream)
    if fate.target_codec is None:
        return add_copy(output, stream)
    return add_converted(output, stream, fate.target_codec)


def _mux_copy(output: OutputContainer, stream: Stream, packet: Packet[Stream]) -> None:
    if stream.type == "attachment":
        return
    copy: Packet[Stream] = Packet(bytes(packet))
    copy.time_base, copy.pts, copy.dts = packet.time_base, packet.pts, packet.dts
    copy.duration, copy.is_keyframe, copy.stream = packet.duration, True, stream
    output.mux(copy)


def stand_in(stream: Stream) -> Packet[Stream]:
    """Return a dummy packet for a stream whose first one comes late; its content is irrelevant."""
    packet: Packet[Stream] = Packet(bytes(16))
    assert stream.time_base is not None
    packet.time_base, packet.pts, packet.dts = stream.time_base, 0, 0
    return packet


def first_packets(source: InputContainer, wanted: Sequence[int]) -> dict[int, Packet[Stream]]:
    """Return the first packet of each wanted stream that has one near the start."""
    found: dict[int, Packet[Stream]] = {}
    missing = {index for index in wanted if source.streams[index].type in PACKETS_COUNT}
    if not missing:
        return found
    try:
        for count, packet in enumerate(source.demux()):
            if packet.size and packet.stream_index in missing:
                found[packet.stream_index] = packet
                missing.discard(packet.stream_index)
            if not missing or count >= PROBED_PACKETS:
                break
    except (av.FFmpegError, OSError, ValueError):  # the reader counts damage further on
        pass
    return found
