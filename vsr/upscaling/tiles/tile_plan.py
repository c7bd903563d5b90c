"""How one frame is computed if tiles may be still, and what each way costs. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from vsr.frames import HostFrame
from vsr.upscaling.tiles.changed_tiles import WORTH
from vsr.upscaling.tiles.tiling import Window


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
