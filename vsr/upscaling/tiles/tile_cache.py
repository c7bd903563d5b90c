"""Recompute only the tiles whose input changed: slides, screen recordings, still backgrounds.

The network's last output is kept. If few tiles see a changed sample, only those
are computed and copied over it. Tiles are used only after a trial on random numbers showed that
they match the whole bit for bit, so a frame never depends on how it was computed.

A tile sees its window: core, halo, and the reach of the chroma interpolation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from vsr.frames import HostFrame
from vsr.upscaling.tiles.tiling import TileSpan, Window, balanced, run_tiled, windows
from vsr.values import Size

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


def _seen(span: TileSpan, shift: int) -> slice:
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


Forward = Callable[[Tensor], Tensor]

CORE = 96
"""Side of a tile's core: with the halo of `fast` on all sides a window is half as large again."""


class KeptOutput:
    """The network's output for one frame, and how to turn it into that of the next.

    The returned output is kept: the caller must not modify it.

    Args:
        net: computes a frame, or a tile of one.
    """

    def __init__(self, net: Forward, scale: int) -> None:
        self._net = net
        self._scale = scale
        self._output: Tensor | None = None

    def replace(self, picture: Tensor) -> Tensor:
        """Compute the whole and keep it."""
        self._output = None  # two of them may not fit in memory
        self._output = self._net(picture)
        return self._output

    def update(self, picture: Tensor, dirty: Sequence[Window]) -> Tensor:
        """Recompute these tiles in the kept output.

        Raises:
            ValueError: nothing is kept.
        """
        if self._output is None:
            raise ValueError("there is no output to compute tiles over")
        for tile in dirty:
            tile.write(self._output, self._net(tile.read(picture)), self._scale)
        return self._output

    def is_exact(self, picture: Tensor, tiles: Sequence[Window]) -> bool:
        """Return whether all tiles of a frame together give the whole, bit for bit."""
        tiled = run_tiled(self._net, picture, tiles, self._scale)
        return torch.equal(tiled, self._net(picture))


class TileMemory:
    """A network that remembers its last output.

    Attributes:
        tiles: how many there are in a frame.
        reused: how many tiles have been reused from the previous frame so far.
    """

    def __init__(
        self, net: Forward, size: Size, radius: int, scale: int, multiple: int = 1
    ) -> None:
        self._map = DirtyMap(size, CORE, radius, multiple)
        self._kept = KeptOutput(net, scale)
        self.tiles = len(self._map.windows)
        self.reused = 0
        self._is_exact: bool | None = None

    def run(self, frame: HostFrame, picture: Tensor) -> Tensor:
        """Return the network's output for ``picture``, which was prepared from ``frame``.

        It is kept for the next frame: the caller must not modify it.
        """
        dirty = self._map.changed(frame)
        try:
            if dirty is None or not self._tiles_are_exact(picture):
                return self._kept.replace(picture)
            self.reused += self.tiles - len(dirty)
            return self._kept.update(picture, dirty)
        except BaseException:
            self._map.forget()  # the kept output may be half of one frame and half of another
            raise

    def _tiles_are_exact(self, like: Tensor) -> bool:
        """Return whether tiles may be used; tried once."""
        if self._is_exact is None:
            noise = torch.empty_like(like).uniform_(-0.5, 0.5)
            self._is_exact = self._kept.is_exact(noise, self._map.windows)
        return self._is_exact
