"""The clips of the video benchmark: reduced as the standard protocol does, then compressed.

Nothing here is trained on but where ``is_tuned`` says so; the other clips are looked at only when
everything is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from vsr.kernels import imresize
from vsr.media.encoding.repeatable import repeatable
from vsr.media.frames.planes import video_frame_of

SCALE = 4
CRFS = (23, 28, 33)
FRAMES = 16
LARGEST = (640, 360)
GRID = 2 * SCALE
"""Sides are multiples of it, so that the chroma planes of the small picture have whole sides."""

RATE = Fraction(25)

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
"""Y, U, V of 4:2:0, 8 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A piece of a clip that serves as truth.

    Attributes:
        what: its content, for the table.
        start_seconds: where it begins.
        focus: what to look at in a sheet of crops: shares of width and height.
        halved: it is reduced twice first, which also takes away the traces of its own coding.
        is_tuned: settings were chosen on it.
    """

    file: str
    what: str
    start_seconds: float = 0.0
    focus: tuple[float, float] = (0.5, 0.5)
    halved: bool = False
    is_tuned: bool = False

    @property
    def name(self) -> str:
        """Return the file's name without what follows the first dot or underscore."""
        return self.file.partition(".")[0].partition("_")[0]


SOURCES = (
    Source(file="bigbuckbunny.mp4", what="animation", halved=True, is_tuned=True),
    Source(file="bikes.mp4", what="street, bicycle", start_seconds=8.0, is_tuned=True),
    Source(file="carphone_pristine.mp4", what="face, moving", is_tuned=True),
    Source(file="cockatoo.mp4", what="bird", start_seconds=10.0, halved=True, is_tuned=True),
    Source(file="demo.mp4", what="people, hands", start_seconds=1.0, is_tuned=True),
    Source(file="part_0.mp4", what="water", is_tuned=True),
    Source(file="park_joy_420_720p50_frm0to9_480x270.y4m", what="foliage", focus=(0.8, 0.3)),
    Source(file="sample_rotate_and_reflect.mp4", what="face, glasses", halved=True),
    Source(file="hdr10-av1.mp4", what="roof, sky", start_seconds=3.0, halved=True),
    Source(file="vfr_640x480.webm", what="hand, shelf"),
    Source(file="realshort.mp4", what="plant, room"),
    Source(file="video_90.mov", what="letters on keys"),
)


def truth(folder: Path, source: Source, frames: int = FRAMES) -> list[Planes]:
    """Return the true pictures: the middle of the clip's, at most `LARGEST`, sides of `GRID`."""
    decoded = islice(_decoded(folder / source.file, source), frames)
    return [_cropped(planes) for planes in decoded]


def reduced(planes: Planes, scale: int = SCALE) -> Planes:
    """Return the picture at a part of its sides, each plane bicubic and rounded."""
    small = [
        imresize(p.astype(np.float64), p.shape[0] // scale, p.shape[1] // scale) for p in planes
    ]
    y, u, v = (np.clip(np.round(p), 0, 255).astype(np.uint8) for p in small)
    return y, u, v


def encode(path: Path, pictures: Sequence[Planes], crf: int) -> Path:
    """Write pictures as H.264 of a quality, preset medium, on one thread: equal bytes each time."""
    return encode_as(path, pictures, "libx264", {"crf": str(crf), "preset": "medium"})


def encode_as(
    path: Path, pictures: Sequence[Planes], encoder: str, options: Mapping[str, str]
) -> Path:
    """Write pictures with any encoder, on one thread, the same bytes each time."""
    rows, columns = pictures[0][0].shape
    with av.open(str(path), "w") as output:
        stream = output.add_stream(encoder, rate=RATE, options=repeatable(encoder, options))
        stream.width, stream.height, stream.pix_fmt = columns, rows, "yuv420p"
        stream.codec_context.thread_count = 1
        for index, planes in enumerate(pictures):
            frame = video_frame_of(planes, "yuv420p")
            frame.pts, frame.time_base = index, 1 / RATE
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def decode(path: Path) -> list[Planes]:
    """Return the pictures of a clip as 8-bit 4:2:0."""
    with av.open(str(path)) as container:
        return [planes_of(frame) for frame in container.decode(video=0)]


def _decoded(path: Path, source: Source) -> Iterator[Planes]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start_seconds = source.start_seconds + float((stream.start_time or 0) * stream.time_base)
        for frame in container.decode(stream):
            if frame.time is None or frame.time >= start_seconds:
                yield planes_of(frame, halved=source.halved)


def planes_of(frame: av.VideoFrame, *, halved: bool = False) -> Planes:
    """Return a picture as 8-bit 4:2:0; the sides are even."""
    parts = 4 if halved else 2
    columns, rows = frame.width // parts * 2, frame.height // parts * 2
    flat = frame.reformat(columns, rows, "yuv420p", interpolation="BICUBIC").to_ndarray().ravel()
    y, u, v = np.split(flat, (rows * columns, rows * columns * 5 // 4))
    half = rows // 2, columns // 2
    return y.reshape(rows, columns), u.reshape(half), v.reshape(half)


def _cropped(planes: Planes) -> Planes:
    rows, columns = planes[0].shape
    height, width = (min(s, most) // GRID * GRID for s, most in zip((rows, columns), LARGEST[::-1]))
    top, left = ((s - t) // 4 * 2 for s, t in zip((rows, columns), (height, width)))
    y = planes[0][top : top + height, left : left + width]
    u, v = (p[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2] for p in planes[1:])
    return y, u, v
