"""Text subtitles in another format, what that loses, and what was never meant to be read.

Bold, italic, underlined and coloured text survives a conversion by FFmpeg. What it does not know it
writes as text: a drawing as the numbers of its points, a remark of the author with its braces, and
a brace of WebVTT with the escapes of ASS, through which all formats go. The place of a cue it drops
for WebVTT, which has it beside the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from av.codec.context import CodecContext
from av.container import OutputContainer
from av.packet import Packet, PacketSideData, packet_sidedata_type_from_literal
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.subtitle import AssSubtitle, SubtitleSet

from vsr.errors import UnsuitableContainer
from vsr.media.streams.copy_streams import SIDE_BY_SIDE, container_of, cue_clock, stream_metadata

ASS = frozenset({"ass", "ssa"})

LOST_IN_PLAIN: Mapping[str, str] = MappingProxyType({
    "ass": "fonts, positions, effects and drawings",
    "ssa": "fonts, positions, effects and drawings",
    "webvtt": "positions and voices",
})  # fmt: skip
"""Codec → what no other text format keeps of it. Which cues have any, only the whole file tells."""

OVERRIDES = re.compile(rb"(\{[^{}]*\})")
"""What stands between braces: tags that begin with a backslash, or a remark that is never shown."""

DRAWING = re.compile(rb"\\p(\d+)")
"""The tag that says whether what follows is drawn (above 0) or written. ``\\pos`` and ``\\pbo`` are
others. Source: Aegisub's manual, ASS tags.
"""

PLACE = re.compile(rb"\{[^{}]*\\an([1-9])")
"""The tag that places a cue, as the keys of a number pad lie: 2 is the usual place."""

SETTINGS: Mapping[int, bytes] = MappingProxyType({
    1: b"position:0% align:start",
    3: b"position:100% align:end",
    4: b"line:50% position:0% align:start",
    5: b"line:50%",
    6: b"line:50% position:100% align:end",
    7: b"line:0 position:0% align:start",
    8: b"line:0",
    9: b"line:0 position:100% align:end",
})  # fmt: skip
"""WebVTT's settings for the places of `PLACE`. Source: WebVTT (W3C), 3.2, settings of cues."""

JOINER = "\u2060".encode()
BRACE = b"\\{{}"
TAG = re.compile(rb"\\\{\{\}(\\" + JOINER + rb"[^{}]+\})")
"""How FFmpeg's decoder of WebVTT escapes a backslash, a brace, and so a tag, which WebVTT lacks: it
was left there by a conversion from SubRip.
"""

FIELDS_BEFORE_TEXT = 8
"""Fields before the text of an ASS event, separated by commas, as Matroska and FFmpeg store it."""


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
    converted.time_base = cue_clock(stream) if is_side_by_side else stream.time_base
    converted.disposition = stream.disposition
    converted.metadata.update(stream_metadata(stream.metadata, container_of(output)))
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
    event = subtitle[0].ass if isinstance(subtitle[0], AssSubtitle) else b""
    if BRACE in event:
        event = _without_escapes(event, is_ass=encoder.name in ASS)
        subtitle = _as_subtitle(event, decoder.subtitle_header) or subtitle
    converted = encoder.encode_subtitle(subtitle)
    if encoder.name == "webvtt" and (place := PLACE.search(event)):
        _place(converted, int(place[1]))
    converted.time_base = packet.time_base
    converted.pts = converted.dts = packet.pts
    converted.duration = packet.duration
    converted.is_keyframe = True
    return converted


def _without_escapes(event: bytes, *, is_ass: bool) -> bytes:
    """Return an event as if WebVTT knew tags; outside of ASS a brace is a letter as any other."""
    event = TAG.sub(lambda tag: b"{" + tag[1].replace(JOINER, b""), event)
    return event if is_ass else event.replace(BRACE, b"{")


def _as_subtitle(event: bytes, header: bytes | None) -> SubtitleSet | None:
    reader = CodecContext.create("ass", "r")
    assert isinstance(reader, SubtitleCodecContext)
    reader.extradata = header
    return reader.decode2(Packet(event))


def _place(packet: Packet[Stream], place: int) -> None:
    if settings := SETTINGS.get(place):
        kind = packet_sidedata_type_from_literal("webvtt_settings")
        beside = PacketSideData(kind, len(settings))  # type: ignore[call-arg]  # not in its stub
        beside.update(settings)
        packet.set_sidedata(beside)


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
