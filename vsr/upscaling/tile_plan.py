"""How one picture is computed where tiles may stand still, and what each way takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from vsr.frames import HostFrame
from vsr.upscaling.dirty import WORTH
from vsr.upscaling.tiling import Window


@dataclass(frozen=True, slots=True)
class TilePlan:
    """How one picture is computed.

    Attributes:
        keeps: its output is kept for the next picture.
        dirty: the tiles to compute over what is kept; None computes the whole.
        reused: how many tiles are taken over.
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
    """What the ways take, in seconds.

    Attributes:
        whole: the device's own way.
        one_tile: a picture of which one tile is computed.
        all_tiles: a picture of which all ``tiles`` are.
    """

    whole: float
    one_tile: float
    all_tiles: float
    tiles: int

    def is_worth(self, count: int) -> bool:
        """Return whether computing ``count`` tiles is clearly faster than the whole."""
        each = (self.all_tiles - self.one_tile) / max(1, self.tiles - 1)
        return self.one_tile + (count - 1) * each < WORTH * self.whole
