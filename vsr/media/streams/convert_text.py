"""Text subtitles in another format, what that loses, and what was never meant to be read.

Bold, italic, underlined and coloured text survives a conversion by FFmpeg. What it does not know it
writes as text: a drawing as the numbers of its points, a remark of the author with its braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext

from vsr.errors import UnsuitableContainer
from vsr.media.streams.copy_streams import CUE_CLOCK, SIDE_BY_SIDE, container_of, stream_metadata

ASS = frozenset({"ass", "ssa"})

LOST_IN_PLAIN: Mapping[str, str] = MappingProxyType({
    "ass": "fonts, positions, effects and drawings",
    "ssa": "fonts, positions, effects and drawings",
    "webvtt": "positions and voices",
})  # fmt: skip
"""Codec → what no other text format keeps of it. Which cues have any, only the whole file tells."""

OVERRIDES = re.compile(rb"(\{[^{}]*\})")
"""Between braces: tags that begin with a backslash, or a remark that is never shown."""

DRAWING = re.compile(rb"\\p(\d+)")
"""The tag that says whether what follows is drawn (above 0) or written. ``\\pos`` and ``\\pbo`` are
others. Source: Aegisub's manual, ASS tags.
"""

FIELDS_BEFORE_TEXT = 8
"""Of an event of ASS, separated by commas, as Matroska and FFmpeg store it."""


def add_converted(output: OutputContainer, stream: Stream, codec: str) -> Stream:
    """Add a subtitle stream converted to another text format.

    Raises:
        ValueError, av.FFmpegError: the container does not take it, or ``stream`` is not text.
    """
    decoder = stream.codec_context
    if not isinstance(decoder, SubtitleCodecContext):
        raise UnsuitableContainer(f"subtitle stream {stream.index} cannot be decoded.")
    decoder.open(strict=False)
    converted = output.add_stream(codec)
    encoder = converted.codec_context
    assert isinstance(encoder, SubtitleCodecContext)
    encoder.subtitle_header = decoder.subtitle_header
    assert stream.time_base is not None
    encoder.time_base = stream.time_base
    is_side_by_side = container_of(output) in SIDE_BY_SIDE
    converted.time_base = CUE_CLOCK if is_side_by_side else stream.time_base
    converted.disposition = stream.disposition
    converted.metadata.update(stream_metadata(stream.metadata))
    return converted


def converted_packet(packet: Packet[Stream], target: Stream) -> Packet[Stream] | None:
    """Return a subtitle packet in the format of ``target``, or None if it holds no text."""
    decoder, encoder = packet.stream.codec_context, target.codec_context
    assert isinstance(decoder, SubtitleCodecContext)
    assert isinstance(encoder, SubtitleCodecContext)
    if decoder.name in ASS and encoder.name not in ASS:
        readable = _readable(packet)
        if readable is None:
            return None
        packet = readable
    subtitle = decoder.decode2(packet)
    if subtitle is None or len(subtitle) == 0:
        return None
    converted = encoder.encode_subtitle(subtitle)
    converted.time_base = packet.time_base
    converted.pts = converted.dts = packet.pts
    converted.duration = packet.duration
    converted.is_keyframe = True
    return converted


def _readable(packet: Packet[Stream]) -> Packet[Stream] | None:
    """Return a packet of ASS with what is meant to be read; None if that is nothing."""
    event = without_drawings(bytes(packet))
    if event is None:
        return None
    readable: Packet[Stream] = Packet(event)
    readable.stream, readable.time_base = packet.stream, packet.time_base
    readable.pts, readable.dts, readable.duration = packet.pts, packet.dts, packet.duration
    return readable


def without_drawings(event: bytes) -> bytes | None:
    """Return an event of ASS without its drawings and remarks, None if nothing is left of it."""
    kept, is_drawn = list[bytes](), False
    for part in OVERRIDES.split(event):
        if not OVERRIDES.fullmatch(part):
            kept += [] if is_drawn else [part]
        elif b"\\" in part:
            kept.append(part)
            for scale in DRAWING.findall(part):
                is_drawn = int(scale) > 0
    left = b"".join(kept)
    text = OVERRIDES.sub(b"", left.split(b",", FIELDS_BEFORE_TEXT)[-1])
    return left if text.strip() or left == event else None
