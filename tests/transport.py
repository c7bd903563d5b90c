"""MPEG-TS as broadcast: on a clock that has run for hours, with DVB subtitles, damaged."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from tests.clips import Audio, write_clip

HERTZ = 90_000
TURN_SECONDS = Fraction(1 << 33, HERTZ)
PACKET_BYTES = 188
CUE = bytes.fromhex("20000f1000010002010080000100020000ff")
"""A DVB subtitle of an empty page, as in a PES packet."""


def recording(
    path: Path,
    start: float | Fraction,
    frames: int = 25,
    *,
    first_index: int = 0,
    stills: Sequence[tuple[int, float]] = (),
    cues: Sequence[float] = (),
    seconds_of_sound: float | None = None,
    **clip: Any,
) -> Path:
    """Write a film whose first picture is shown at ``start`` of the broadcast clock, in seconds.

    Args:
        stills: (index, seconds) of pictures that come so much later, and all that follow them.
        cues: when DVB subtitles are shown, after ``start``.
        seconds_of_sound: None is as long as the pictures; 0 is no audio.
    """
    later = [sum(seconds for first, seconds in stills if first <= index) for index in range(frames)]
    pts = [
        round((start + Fraction(index, 25) + Fraction(late)) * HERTZ)
        for index, late in enumerate(later)
    ]
    seconds = frames / 25 if seconds_of_sound is None else seconds_of_sound
    write_clip(
        path,
        frames=frames,
        first_index=first_index,
        time_base=Fraction(1, HERTZ),
        pts=pts,
        audio=[Audio(codec="mp2", seconds=seconds, start=float(start))] if seconds else [],
        **clip,
    )
    if cues:
        _add_cues(path, [round((start + Fraction(cue)) * HERTZ) for cue in cues])
    return path


def end_to_end(path: Path, *parts: Path) -> Path:
    """Concatenate the bytes of files."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def restamp(path: Path, number: int, seconds: float, kind: str = "video") -> None:
    """Damage a file: the ``number``-th packet of a stream then has the time ``seconds``."""
    with av.open(str(path)) as container:
        pid = next(stream.id for stream in container.streams if stream.type == kind)
    content = bytearray(path.read_bytes())
    seen = -1
    for at in range(0, len(content), PACKET_BYTES):
        header = content[at : at + 4]
        is_begin = header[1] & 0x40
        if ((header[1] & 0x1F) << 8 | header[2]) != pid or not is_begin:
            continue
        seen += 1
        if seen == number:
            pes = at + 4 + (content[at + 4] + 1 if header[3] & 0x20 else 0)
            _stamp(content, pes, round(seconds * HERTZ) % (1 << 33))
    assert seen >= number
    path.write_bytes(content)


def _stamp(content: bytearray, pes: int, ticks: int) -> None:
    """Write a time into the header of a PES packet (ISO/IEC 13818-1, 2.4.3.6), as pts and dts."""
    assert content[pes : pes + 3] == b"\0\0\1"
    places = {0x80: (9,), 0xC0: (9, 14)}[content[pes + 7] & 0xC0]
    for place in places:
        mark = content[pes + place] & 0xF0
        bits = mark << 32 | (ticks >> 30) << 33 | 1 << 32
        bits |= ((ticks >> 15 & 0x7FFF) << 1 | 1) << 16 | (ticks & 0x7FFF) << 1 | 1
        content[pes + place : pes + place + 5] = bits.to_bytes(5, "big")


def _add_cues(path: Path, times: Sequence[int]) -> None:
    """Write the file anew with a stream of DVB subtitles."""
    plain = path.rename(path.with_name(f"plain-{path.name}"))
    with av.open(str(plain)) as source, av.open(str(path), "w") as output:
        copies = {one.index: output.add_stream_from_template(one) for one in source.streams}
        text = output.add_stream("dvbsub")
        packets: list[Any] = [packet for packet in source.demux() if packet.size]
        for packet in packets:
            packet.stream = copies[packet.stream_index]
        for time in times:
            cue = av.Packet(CUE)
            cue.stream, cue.time_base = text, Fraction(1, HERTZ)
            cue.pts = cue.dts = time
            packets.append(cue)
        for packet in sorted(packets, key=lambda packet: packet.dts):
            output.mux(packet)
    plain.unlink()
