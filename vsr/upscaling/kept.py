"""Recompute only the tiles whose input changed: slides, screen recordings, still backgrounds.

The network's last output is kept. Where few tiles see a changed sample (`vsr.upscaling.dirty`),
those alone are computed and copied over it. Tiles are used only after a trial on random numbers
showed that they give bit for bit what the whole gives, so a picture never depends on which way it
was made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vsr.frames import HostFrame
from vsr.specs import Size
from vsr.upscaling.dirty import DirtyMap
from vsr.upscaling.tiling import Window, run_tiled

Run = Callable[[Tensor], Tensor]

CORE = 96
"""Side of a tile's core: with the halo of `fast` on all sides a window is half as large again."""


class KeptOutput:
    """The network's output for one picture, and how it becomes that for the next.

    What is returned is kept: the caller must not change it.

    Args:
        net: computes a whole picture.
        tile_net: computes one tile; it may return the same memory each time.
    """

    def __init__(self, net: Run, tile_net: Run, scale: int) -> None:
        self._net = net
        self._tile_net = tile_net
        self._scale = scale
        self._output: Tensor | None = None

    def replace(self, picture: Tensor) -> Tensor:
        """Compute the whole and keep it."""
        self._output = None  # two of them need not fit memory
        self._output = self._net(picture)
        return self._output

    def update(self, picture: Tensor, dirty: Sequence[Window]) -> Tensor:
        """Compute these tiles over what is kept.

        Raises:
            ValueError: nothing is kept.
        """
        if self._output is None:
            raise ValueError("there is no output to compute tiles over")
        for tile in dirty:
            tile.write(self._output, self._tile_net(tile.read(picture)), self._scale)
        return self._output

    def is_exact(self, picture: Tensor, tiles: Sequence[Window]) -> bool:
        """Return whether all tiles of a picture together give the whole, bit for bit."""
        tiled = run_tiled(self._tile_net, picture, tiles, self._scale)
        return torch.equal(tiled, self._net(picture))


class TileMemory:
    """A network that remembers its last output.

    Attributes:
        tiles: how many there are in a picture.
        reused: how many tiles were taken over from the picture before, so far.
    """

    def __init__(self, net: Run, size: Size, radius: int, scale: int) -> None:
        self._map = DirtyMap(size, CORE, radius)
        self._kept = KeptOutput(net, net, scale)
        self.tiles = len(self._map.windows)
        self.reused = 0
        self._is_exact: bool | None = None

    def run(self, frame: HostFrame, picture: Tensor) -> Tensor:
        """Return the network's output for ``picture``, which was prepared from ``frame``.

        It is kept for the next picture: the caller must not change it.
        """
        dirty = self._map.changed(frame)
        try:
            if dirty is None or not self._tiles_are_exact(picture):
                return self._kept.replace(picture)
            self.reused += self.tiles - len(dirty)
            return self._kept.update(picture, dirty)
        except BaseException:
            self._map.forget()  # what is kept may be half of one picture and half of another
            raise

    def _tiles_are_exact(self, like: Tensor) -> bool:
        """Return whether tiles may be used; tried once."""
        if self._is_exact is None:
            noise = torch.empty_like(like).uniform_(-0.5, 0.5)
            self._is_exact = self._kept.is_exact(noise, self._map.windows)
        return self._is_exact
