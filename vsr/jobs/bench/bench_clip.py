"""The benchmark's own clip: the demonstration's scene, silent, of any size and length."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from vsr.frames import HostFrame
from vsr.media.clock.timing import ticks_per_frame
from vsr.media.encoding.choose_encoder import choose
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.writing.writer import Writer
from vsr.specs import EncodeSpec, Size, Target

DRAWN_FRAMES = 12
"""How many frames are drawn; a longer clip plays them forwards and backwards."""

SUPERSAMPLED = Size(960, 540)
"""Up to this size a frame is drawn at four times its size and downscaled."""

DEFAULT_SIZE = Size(480, 270)
ENLARGED_BY = 4
SPEC = EncodeSpec(codec="h264", crf=18, encoder_preset="veryfast")


def source_size(target: Target) -> Size:
    """Return the size whose fourfold is the target's box: 480×270 for 1080p, 960×540 for 4K."""
    if target.width is None or target.height is None:
        return DEFAULT_SIZE
    return Size(_even(target.width / ENLARGED_BY), _even(target.height / ENLARGED_BY))


def own_clip(size: Size, frames: int, folder: Path | None = None) -> Path:
    """Return a clip of that size and length, made once and cached in a temporary folder."""
    from vsr.media.clips.scene import SUPERSAMPLING, write_clip

    folder = folder or Path(tempfile.gettempdir()) / f"vsr-bench-{getattr(os, 'getuid', int)()}"
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / f"scene-{size.width}x{size.height}-{frames}.nut"
    if clip.exists():
        return clip
    drawn = folder / f"scene-{size.width}x{size.height}.mp4"
    if not drawn.exists():
        part = drawn.with_name(f"part-{os.getpid()}-{drawn.name}")
        supersampling = SUPERSAMPLING if size.pixels <= SUPERSAMPLED.pixels else 1
        write_clip(part, DRAWN_FRAMES / 24, size, supersampling)
        part.replace(drawn)
    _lengthen(drawn, clip, frames)
    return clip


def bounced(frames: Sequence[HostFrame], count: int, ticks: int) -> Iterator[HostFrame]:
    """Yield ``count`` frames: these forwards and backwards, with rising times."""
    period = max(1, 2 * (len(frames) - 1))
    for index in range(count):
        step = index % period
        frame = frames[step if step < len(frames) else period - step]
        yield replace(frame, pts=index * ticks)


def _lengthen(drawn: Path, clip: Path, frames: int) -> None:
    info = probe(drawn)
    video = info.video
    with Reader.open(drawn, info) as reader:
        pictures = list(islice(reader.frames(), DRAWN_FRAMES))
    encoder = choose(SPEC, "mkv", video.size, video.layout, video.colour, is_cpu_device=True)
    output = OutputVideo(
        size=video.size,
        time_base=video.time_base,
        frame_rate=video.frame_rate,
        colour=video.colour,
    )
    ticks = int(ticks_per_frame(video.frame_rate, video.time_base))
    with Writer.create(clip, output, encoder) as writer:
        for picture in bounced(pictures, frames, ticks):
            writer.write(picture)


def _even(side: float) -> int:
    return max(16, round(side / 2) * 2)
