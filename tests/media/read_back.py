"""A clip read whole, and what its pictures show: for tests of the reader."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.clips import index_of
from vsr.frames import HostFrame
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


def spoil(path: Path, *, places: int, length: int) -> None:
    """Write noise over some bytes in the middle of a file."""
    data = bytearray(path.read_bytes())
    rng = random.Random(5)
    for _ in range(places):
        place = rng.randrange(len(data) // 3, len(data) * 3 // 4)
        data[place : place + length] = rng.randbytes(length)
    path.write_bytes(data)
