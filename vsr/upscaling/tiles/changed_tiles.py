"""Which tiles of a frame changed since the previous one: those that see a changed sample.

A tile sees its window: core, halo, and the reach of the chroma interpolation. What is done with the
tiles is `vsr.upscaling.tiles.tile_cache`; on a device the plan of a frame travels with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vsr.frames import HostFrame
from vsr.specs import Size
from vsr.upscaling.tiles.tiling import Span, Window, balanced, windows

CHROMA_REACH = 2
"""How far, in luma pixels, a chroma sample spreads when it is brought to the luma grid."""

WORTH = 0.75
"""Tiles are computed if their windows hold less than this share of the frame's pixels."""


def dirty_so_far(
    before: HostFrame, now: HostFrame, tiles: Sequence[Window]
) -> Iterator[frozenset[int]]:
    """Yield the numbers of the windows that can see a sample that differs between two frames.

    Once after each plane, those of the planes before included: luma, which says most, first.
    """
    dirty: frozenset[int] = frozenset()
    for index, (own, other) in enumerate(zip(now.planes, before.planes, strict=True)):
        x_shift, y_shift = (now.layout.x_shift, now.layout.y_shift) if index else (0, 0)
        changed = np.not_equal(own, other)
        dirty |= {
            number
            for number, tile in enumerate(tiles)
            if number not in dirty
            and changed[_seen(tile.rows, y_shift), _seen(tile.columns, x_shift)].any()
        }
        yield dirty


def _seen(span: Span, shift: int) -> slice:
    """Return which samples of a plane a window sees; a chroma sample stands for all it covers."""
    first, last = max(0, span.first - CHROMA_REACH), span.end + CHROMA_REACH - 1
    return slice(first >> shift, (last >> shift) + 1)


class DirtyMap:
    """What changed from each frame to the next, in tiles of one shape.

    Args:
        core: the largest side of a tile's core, in low-resolution pixels.
        radius: how far the network sees.
        multiple: on what tiles have to begin.

    Attributes:
        windows: all tiles of a frame.
    """

    def __init__(self, size: Size, core: int, radius: int, multiple: int = 1) -> None:
        cores = Size(balanced(size.width, core), balanced(size.height, core))
        self.windows = windows(size, cores, radius, multiple)
        self._size = size
        self._frame: HostFrame | None = None

    def changed(self, frame: HostFrame) -> tuple[Window, ...] | None:
        """Return the tiles that differ from the previous frame; the next is compared with this one.

        None if there is no previous frame, or if tiles would not be worth it.
        """
        before, self._frame = self._frame, frame
        if before is None:
            return None
        dirty: frozenset[int] = frozenset()
        for dirty in dirty_so_far(before, frame, self.windows):
            if not self._is_worth(len(dirty)):
                return None
        return tuple(self.windows[number] for number in sorted(dirty))

    def forget(self) -> None:
        """Forget the previous frame."""
        self._frame = None

    def _is_worth(self, count: int) -> bool:
        window = self.windows[0]
        pixels = (window.rows.end - window.rows.first) * (window.columns.end - window.columns.first)
        return count * pixels < WORTH * self._size.pixels


@dataclass(frozen=True, slots=True)
class TilePlan:
    """How one frame is computed.

    Attributes:
        keeps: its output is kept for the next frame.
        dirty: the tiles to recompute in the kept output; None computes the whole.
        reused: how many tiles are reused.
    """

    keeps: bool = False
    dirty: tuple[Window, ...] | None = None
    reused: int = 0


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """A frame and how it is computed."""

    frame: HostFrame
    plan: TilePlan


@dataclass(frozen=True, slots=True)
class TileCost:
    """What each way takes, in seconds.

    Attributes:
        whole: the device's own way.
        one_tile: a frame of which one tile is computed.
        all_tiles: a frame of which all ``tiles`` are.
    """

    whole: float
    one_tile: float
    all_tiles: float
    tiles: int

    def is_worth(self, count: int) -> bool:
        """Return whether computing ``count`` tiles is clearly faster than the whole."""
        each = (self.all_tiles - self.one_tile) / max(1, self.tiles - 1)
        return self.one_tile + (count - 1) * each < WORTH * self.whole
