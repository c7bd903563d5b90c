"""Recompute only the tiles whose input changed: slides, screen recordings, still backgrounds.

The network's last output is kept. If few tiles see a changed sample (`changed_tiles`), only those
are computed and copied over it. Tiles are used only after a trial on random numbers showed that
they match the whole bit for bit, so a frame never depends on how it was computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vsr.frames import HostFrame
from vsr.specs import Size
from vsr.upscaling.tiles.changed_tiles import DirtyMap
from vsr.upscaling.tiles.tiling import Window, run_tiled

Forward = Callable[[Tensor], Tensor]

CORE = 96
"""Side of a tile's core: with the halo of `fast` on all sides a window is half as large again."""


class KeptOutput:
    """The network's output for one frame, and how to turn it into that of the next.

    The returned output is kept: the caller must not modify it.

    Args:
        net: computes a whole frame.
        tile_net: computes one tile; it may return the same memory each time.
    """

    def __init__(self, net: Forward, tile_net: Forward, scale: int) -> None:
        self._net = net
        self._tile_net = tile_net
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
            tile.write(self._output, self._tile_net(tile.read(picture)), self._scale)
        return self._output

    def is_exact(self, picture: Tensor, tiles: Sequence[Window]) -> bool:
        """Return whether all tiles of a frame together give the whole, bit for bit."""
        tiled = run_tiled(self._tile_net, picture, tiles, self._scale)
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
        self._kept = KeptOutput(net, net, scale)
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
