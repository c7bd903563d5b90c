"""A clip read whole, and what its pictures show: for tests of the reader."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import av

from tests.clips import index_of, plane_view
from vsr.frames import HostFrame, Layout
from vsr.media.reading.reader import Reader
from vsr.media.source.decoder import Damage

OPEN_GOP = {"x265-params": "open-gop=1:keyint=12:min-keyint=12:bframes=4"}


def read(path: Path, **options: Any) -> tuple[list[HostFrame], Damage]:
    with Reader.open(path, **options) as reader:
        return list(reader.frames()), reader.damage


def indices(frames: Sequence[HostFrame]) -> list[int]:
    return [index_of(frame.planes[0]) for frame in frames]


def identity(frame: HostFrame) -> tuple[int, bytes]:
    """Return a value that two pictures share only if they are the same."""
    return frame.pts, b"".join(plane.tobytes() for plane in frame.planes)


def without_packets(source: Path, target: Path, dropped: Collection[int]) -> Path:
    """Write a clip again without some packets of its video, by their numbers in the file."""
    with av.open(str(source)) as origin, av.open(str(target), "w") as output:
        stream = output.add_stream_from_template(origin.streams.video[0], opaque=True)
        packets = (packet for packet in origin.demux(video=0) if packet.size)
        for number, packet in enumerate(packets):
            if number not in dropped:
                packet.stream = stream
                output.mux(packet)
    return target


def decoded_by_one_thread(path: Path) -> list[tuple[int | None, bytes]]:
    """Return the pts and the 8-bit luma of every frame that FFmpeg yields in one thread."""
    frames: list[tuple[int | None, bytes]] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for packet in container.demux(stream):
            try:
                found = packet.decode()
            except (av.FFmpegError, EOFError):
                continue
            for frame in found:
                frames.append((frame.pts, plane_view(frame.planes[0], Layout()).tobytes()))
    return frames


def spoil(path: Path, *, places: int, length: int) -> None:
    """Write noise over some bytes in the middle of a file."""
    data = bytearray(path.read_bytes())
    rng = random.Random(5)
    for _ in range(places):
        place = rng.randrange(len(data) // 3, len(data) * 3 // 4)
        data[place : place + length] = rng.randbytes(length)
    path.write_bytes(data)
