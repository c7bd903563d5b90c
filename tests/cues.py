"""Text subtitles for made clips: cues as files of each format, and as packets of mov_text."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av


@dataclass(frozen=True, kw_only=True)
class Subtitle:
    """Text cues: (start, end, text) in seconds. ``codec`` is subrip, ass, webvtt or mov_text."""

    cues: Sequence[tuple[float, float, str]] = ((0.0, 0.5, "one"), (0.6, 1.2, "two"))
    codec: str = "subrip"
    language: str = "eng"
    title: str | None = None


def text_packet(stream: Any, start: float, end: float, text: str) -> Any:
    data = text.encode()
    packet = av.Packet(struct.pack(">H", len(data)) + data)
    packet.stream = stream
    packet.time_base = Fraction(1, 1000)
    packet.pts = packet.dts = round(start * 1000)
    packet.duration = round((end - start) * 1000)
    return packet


def subtitle_format(item: Subtitle) -> str:
    return {"subrip": "srt", "ass": "ass", "webvtt": "webvtt"}[item.codec]


def subtitle_file(item: Subtitle) -> bytes:
    if item.codec == "ass":
        head = (
            "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\n"
            "Format: Name, Fontname, Fontsize\nStyle: Default,Arial,20\n\n[Events]\n"
            "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        )
        lines = [
            f"Dialogue: 0,{_clock(a, 2, '.')[1:]},{_clock(b, 2, '.')[1:]},Default,,0,0,0,,{text}\n"
            for a, b, text in item.cues
        ]
        return (head + "".join(lines)).encode()
    mark = "." if item.codec == "webvtt" else ","
    cues = [
        f"{number}\n{_clock(a, 3, mark)} --> {_clock(b, 3, mark)}\n{text}\n\n"
        for number, (a, b, text) in enumerate(item.cues, 1)
    ]
    return (("WEBVTT\n\n" if item.codec == "webvtt" else "") + "".join(cues)).encode()


def _clock(seconds: float, digits: int, mark: str) -> str:
    units = 10**digits
    whole, part = divmod(round(seconds * units), units)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{part:0{digits}}"


def spoil_cue(path: Path, text: str = "two") -> None:
    """Make the text of a cue, as it stands in a file, one that no decoder takes."""
    data = path.read_bytes()
    assert text.encode() in data
    path.write_bytes(data.replace(text.encode(), b"\xff" * len(text)))  # no UTF-8


def subtitle_stream(output: Any, item: Subtitle) -> Any:
    if item.codec == "mov_text":
        stream = output.add_mux_stream("mov_text")
    else:
        with av.open(io.BytesIO(subtitle_file(item)), format=subtitle_format(item)) as source:
            stream = output.add_stream_from_template(source.streams[0], opaque=True)
    stream.metadata["language"] = item.language
    if item.title:
        stream.metadata["title"] = item.title
    return stream


def subtitle_packets(stream: Any, item: Subtitle) -> list[Any]:
    if item.codec == "mov_text":
        return [text_packet(stream, *cue) for cue in item.cues]
    with av.open(io.BytesIO(subtitle_file(item)), format=subtitle_format(item)) as source:
        packets = [packet for packet in source.demux() if packet.size]
    for packet in packets:
        packet.stream = stream
    return packets
