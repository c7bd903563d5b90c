"""Recompute only the tiles whose input changed: slides, screen recordings, still backgrounds.

The network's last output is kept. Where few windows (core, halo and the reach of the chroma
interpolation) see a changed sample, those alone are computed and copied over it. Tiles are used
only after a trial on random numbers showed that they give bit for bit what the whole gives, so a
picture never depends on which way it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.frames import HostFrame
from vsr.specs import Size
from vsr.upscaling.tiling import Window, balanced, run_tiled, windows

CHROMA_REACH = 2
"""How far, in luma pixels, a chroma sample spreads when it is brought to the luma grid."""

CORE = 96
"""Side of a tile's core: with the halo of `fast` on all sides a window is half as large again."""

WORTH = 0.75
"""Tiles are computed where their windows hold less than this share of the picture's pixels."""


def dirty_windows(before: HostFrame, now: HostFrame, tiles: Sequence[Window]) -> list[Window]:
    """Return the windows that can see a sample that differs between two frames of one layout."""
    changed = _changed(before, now)
    reach = CHROMA_REACH
    return [
        tile
        for tile in tiles
        if changed[
            max(0, tile.rows.first - reach) : tile.rows.end + reach,
            max(0, tile.columns.first - reach) : tile.columns.end + reach,
        ].any()
    ]


def _changed(before: HostFrame, now: HostFrame) -> NDArray[np.bool_]:
    """Return, on the luma grid, which samples differ; a chroma sample stands for all it covers."""
    layout, (luma, *chroma) = now.layout, now.planes
    changed = np.not_equal(luma, before.planes[0])
    rows, columns = luma.shape
    for own, other in zip(chroma, before.planes[1:], strict=True):
        apart = np.not_equal(own, other)
        if apart.any():
            apart = apart.repeat(1 << layout.y_shift, 0).repeat(1 << layout.x_shift, 1)
            changed |= apart[:rows, :columns]
    return changed


class TileMemory:
    """A network that remembers its last output.

    Attributes:
        tiles: how many there are in a picture.
        reused: how many tiles were taken over from the picture before, so far.
    """

    def __init__(
        self, net: Callable[[Tensor], Tensor], size: Size, radius: int, scale: int
    ) -> None:
        self._net = net
        self._size = size
        self._scale = scale
        core = Size(balanced(size.width, CORE), balanced(size.height, CORE))
        self._windows = windows(size, core, radius)
        self.tiles = len(self._windows)
        self.reused = 0
        self._is_exact: bool | None = None
        self._frame: HostFrame | None = None
        self._output: Tensor | None = None

    def run(self, frame: HostFrame, picture: Tensor) -> Tensor:
        """Return the network's output for ``picture``, which was prepared from ``frame``.

        It is kept for the next picture: the caller must not change it.
        """
        if self._frame is not None and self._output is not None:
            dirty = dirty_windows(self._frame, frame, self._windows)
            if self._pays(dirty) and self._tiles_are_exact(picture):
                for tile in dirty:
                    tile.write(self._output, self._net(tile.read(picture)), self._scale)
                self.reused += self.tiles - len(dirty)
                self._frame = frame
                return self._output
        self._frame, self._output = frame, self._net(picture)
        return self._output

    def _pays(self, dirty: list[Window]) -> bool:
        window = self._windows[0]
        pixels = (window.rows.end - window.rows.first) * (window.columns.end - window.columns.first)
        return len(dirty) * pixels < WORTH * self._size.pixels

    def _tiles_are_exact(self, like: Tensor) -> bool:
        """Return whether all tiles together give the whole, bit for bit; tried once."""
        if self._is_exact is None:
            noise = torch.empty_like(like).uniform_(-0.5, 0.5)
            tiled = run_tiled(self._net, noise, self._windows, self._scale)
            self._is_exact = torch.equal(tiled, self._net(noise))
        return self._is_exact
