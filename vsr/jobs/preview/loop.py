"""Two seconds of every variant in one video, tile by tile, so that they cannot drift apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from vsr.media.clips import page_video
from vsr.media.images.images import Picture
from vsr.values import Size

ALIGNED = 16
"""Tiles begin at multiples of it, a macroblock's side, and are padded with their edges."""

QUALITIES = (15, 20, 25, 30, 36)
"""Of x264, best first; the first that fits is taken."""

PictureAt = Callable[[int], Picture]
"""The picture of a frame's number: made when it is needed, as all of them would fill memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A video of all variants.

    Attributes:
        video: an MP4.
        size: of one tile.
        tiles: (left, top) of each variant.
        label: what it shows.
    """

    video: bytes
    fps: float
    frames: int
    size: Size
    tiles: tuple[tuple[int, int], ...]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What a loop shows: so many frames at so many a second, and what that is in words."""

    frames: int
    fps: Fraction
    label: str


def frames_a_second(times: Sequence[float]) -> Fraction:
    """Return the mean rate of frames shown at these seconds, at least two."""
    seconds = times[-1] - times[0]
    return Fraction((len(times) - 1) / seconds if seconds > 0 else 25).limit_denominator(1001)


def loop_of(variants: Sequence[PictureAt], motion: Motion, budget: int) -> Loop:
    """Return the loop at the best quality that fits ``budget`` bytes.

    Args:
        variants: each gives pictures of the same size.

    Raises:
        EncodingFailed: it cannot be encoded.
    """
    rows, columns = variants[0](0).shape[:2]
    tall, wide = _aligned(rows), _aligned(columns)
    across = 1 if len(variants) <= 2 else 2
    tiles = tuple((wide * (i % across), tall * (i // across)) for i in range(len(variants)))
    whole = Size(wide * across, tall * -(-len(variants) // across))

    def atlas() -> Iterator[Picture]:
        for index in range(motion.frames):
            canvas = np.zeros((whole.height, whole.width, 3), np.uint8)
            for (left, top), picture_at in zip(tiles, variants):
                margin = ((0, tall - rows), (0, wide - columns), (0, 0))
                tile = np.pad(picture_at(index), margin, mode="edge")
                canvas[top : top + tall, left : left + wide] = tile
            yield canvas

    video = b""
    for crf in QUALITIES:
        video = page_video(atlas(), whole, motion.fps, crf)
        if len(video) <= budget:
            break
    return Loop(
        video=video,
        fps=float(motion.fps),
        frames=motion.frames,
        size=Size(columns, rows),
        tiles=tiles,
        label=motion.label,
    )


def _aligned(side: int) -> int:
    return -(-side // ALIGNED) * ALIGNED
