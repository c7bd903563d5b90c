"""Where a batch is cut out of the patches, and how each crop is turned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vsr.training.pictures import Pixels

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Crops:
    """Where one batch is cut: indices, low-resolution corners and symmetries, (B,) each.

    ``which`` (B,) says of which pairs, where several are mixed.
    """

    index: Places
    row: Places
    column: Places
    symmetry: Places
    which: Places | None = None

    def part(self, rank: int, count: int) -> Crops:
        """Return the share of one of ``count`` processes."""
        return self.of(np.arange(rank, len(self.index), count))

    def of(self, take: Places) -> Crops:
        """Return those of some places in the batch."""
        which = None if self.which is None else self.which[take]
        return Crops(
            self.index[take], self.row[take], self.column[take], self.symmetry[take], which
        )


class Numbered(Protocol):
    """Pictures (P, P, 3), uint8, by number: an array of them, or what chooses among arrays."""

    def __getitem__(self, number: int, /) -> Pixels: ...


def cropped(pictures: Numbered, crops: Crops, corners: tuple[Places, Places], side: int) -> Pixels:
    """Cut (B, side, side, 3) out of N pictures (P, P, 3), turned.

    Args:
        corners: (rows, columns) in ``pictures``, which need not be the low resolution.
    """
    taken = np.empty((len(crops.index), side, side, 3), np.uint8)
    for i, (n, y, x, symmetry) in enumerate(zip(crops.index, *corners, crops.symmetry)):
        taken[i] = _turned(pictures[n][y : y + side, x : x + side], symmetry)
    return taken


def turned_moves(moves: Places, symmetry: Places) -> Places:
    """Return (down, right) of windows (B, 2) as they are in crops turned by ``symmetry``, (B,)."""
    is_transposed = symmetry[:, None] & 4 > 0
    turned = np.where(is_transposed, moves[:, ::-1], moves)
    flips = np.stack([symmetry & 2, symmetry & 1], axis=1) > 0
    return np.where(flips, -turned, turned)


def _turned(crop: Pixels, symmetry: int) -> Pixels:
    """Apply one of the eight symmetries of the square: bits transpose, flip rows, flip columns."""
    if symmetry & 4:
        crop = crop.transpose(1, 0, 2)
    if symmetry & 2:
        crop = crop[::-1]
    return crop[:, ::-1] if symmetry & 1 else crop
