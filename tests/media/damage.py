"""Films of every container family, made on the spot, and six ways to damage them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from tests.clips import Audio, plane_view, write_clip
from vsr.errors import VsrError
from vsr.frames import Layout
from vsr.media.reading.missing_frames import missing_frames
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader

FRAMES = 40

FAMILIES: Mapping[str, Mapping[str, Any]] = {
    "mkv": {"b_frames": 2, "audio": [Audio()]},
    "mp4": {"b_frames": 2, "audio": [Audio()]},
    "mov": {"codec": "libx265"},
    "ts": {"b_frames": 2, "audio": [Audio(codec="mp2")]},
    "mpg": {"codec": "mpeg2video"},
    "flv": {"b_frames": 2, "audio": [Audio()]},
    "avi": {"codec": "mpeg4", "audio": [Audio(codec="mp3")]},
    "webm": {"codec": "libvpx-vp9"},
    "ogv": {"codec": "libvpx", "container": "ogg"},
    "asf": {"codec": "wmv2", "audio": [Audio(codec="mp3")]},
    "mxf": {"codec": "mpeg2video"},
    "nut": {"codec": "ffv1", "options": {"level": "3", "slicecrc": "1"}},
    "ivf": {"codec": "libvpx"},
    "h264": {},
    "y4m": {"codec": "rawvideo", "container": "yuv4mpegpipe"},
}

Damaging = Callable[[bytes, random.Random], bytes]


def truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) // 4, len(data))]


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Flip bits over a stretch, as a bad disk or line does."""
    changed, length = bytearray(data), rng.randrange(1, max(2, len(data) // 12))
    begin = rng.randrange(len(data) - length)
    for place in range(begin, begin + length):
        changed[place] ^= 1 << rng.randrange(8) if rng.random() < 0.5 else 0
    return bytes(changed)


def with_hole(data: bytes, rng: random.Random) -> bytes:
    """Overwrite a part with zeros, or leave it out."""
    length = rng.randrange(1, len(data) // 4)
    begin = rng.randrange(len(data) - length)
    filler = bytes(length) if rng.random() < 0.5 else b""
    return data[:begin] + filler + data[begin + length :]


def doubled(data: bytes, rng: random.Random) -> bytes:
    length = rng.randrange(1, len(data) // 4)
    begin = rng.randrange(len(data) - length)
    return data[: begin + length] + data[begin:]


def two_in_one(data: bytes, rng: random.Random) -> bytes:
    return data + data[rng.randrange(len(data) // 2) :] if rng.random() < 0.5 else data + data


def wrong_header(data: bytes, rng: random.Random) -> bytes:
    length = rng.randrange(1, 64)
    return rng.randbytes(length) + data[length:]


DAMAGES: Mapping[str, Damaging] = {
    "truncated": truncated,
    "flipped bits": flipped,
    "a hole": with_hole,
    "a doubled part": doubled,
    "two files in one": two_in_one,
    "a wrong header": wrong_header,
}


def write_family(folder: Path, suffix: str) -> Path:
    options = dict(FAMILIES[suffix])
    if options.get("codec", "libx264") == "libx264" and "b_frames" in options:
        options["options"] = {"preset": "medium"}
    return write_clip(folder / f"whole.{suffix}", frames=FRAMES, gop=10, **options)


@dataclass(frozen=True)
class Found:
    """What was read of a file: the luma of its frames, and what was said to be lost."""

    frames: list[bytes]
    losses: str


def reference(path: Path) -> list[bytes]:
    """Return the luma of every frame that one thread of FFmpeg yields, past every error."""
    frames: list[bytes] = []
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.FFmpegError, ValueError, OSError):
        return []
    with container:
        if not container.streams.video:
            return []
        stream = container.streams.video[0]
        stream.thread_count = 1
        for _ in range(100):
            try:
                for packet in container.demux(stream):
                    try:
                        decoded = stream.decode(packet) if packet.size else stream.decode(None)
                    except (av.FFmpegError, EOFError, ValueError):
                        continue
                    for one in decoded:
                        frames.append(plane_view(one.planes[0], Layout()).tobytes())
                break
            except (av.FFmpegError, EOFError):
                continue
    return frames


def found_in(path: Path, threads: int = 1) -> Found | VsrError:
    """Return what vsr reads of a file with so many decoding threads, or how it refuses it."""
    try:
        info = probe(path)
        with Reader.open(path, info, thread_count=threads) as reader:
            frames = list(reader.frames())
        missing = missing_frames(info, [frame.pts for frame in frames], to_end=True)
    except VsrError as error:
        return error
    damage = str(reader.damage) if reader.damage.has_losses else ""
    return Found([frame.planes[0].tobytes() for frame in frames], "; ".join((damage, *missing)))
