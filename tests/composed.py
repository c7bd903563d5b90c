"""Clips put together from other clips: several in one file, and with captions written in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import av
from av.stream import Disposition

from tests.clips import write_clip


def side_by_side(
    path: Path, sources: Sequence[Path], dispositions: Sequence[Disposition] = ()
) -> Path:
    """Copy all streams of several clips into one file, in order, with the given dispositions."""
    with ExitStack() as stack:
        inputs = [stack.enter_context(av.open(str(source))) for source in sources]
        output = stack.enter_context(av.open(str(path), "w"))
        copies = {
            stream: output.add_stream_from_template(stream, opaque=True)
            for source in inputs
            for stream in source.streams
        }
        for copy, disposition in zip(copies.values(), dispositions):
            copy.disposition = disposition
        for source in inputs:
            for packet in source.demux():
                if packet.size:
                    packet.stream = copies[packet.stream]
                    output.mux(packet)
    return path


def write_captioned(path: Path, frames: int = 12) -> list[bytes]:
    """Write raw H.264 with A/53 captions on every picture; return the captions of each."""
    bare = write_clip(path.with_suffix(".bare.h264"), frames=frames, b_frames=0)
    texts = [bytes([0xFC, 0x80 | index, 0x41 + index % 26]) for index in range(frames)]
    queue = iter(texts)
    pieces = []
    for nal in (part.rstrip(b"\0") for part in bare.read_bytes().split(b"\0\0\1")[1:]):
        if nal[0] & 31 in (1, 5):
            body = b"\xb5\x00\x31GA94\x03" + bytes([0xC1, 0xFF]) + next(queue) + b"\xff"
            pieces.append(bytes([6, 4, len(body)]) + body + b"\x80")
        pieces.append(nal)
    path.write_bytes(b"".join(b"\0\0\0\1" + piece for piece in pieces))
    return texts
