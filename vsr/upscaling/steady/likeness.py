"""How much a frame beside another one is like it, where its objects went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vsr.upscaling.steady.blocks import Whole, counts, extreme, smoothed, spread, sums
from vsr.upscaling.steady.motion import BLOCK, FINE, Seen, contrast_of, motion_between, moves_of

CELL = 4
"""Source pixels a side over which differences are averaged; some of them make a block."""

ALIKE, ALIKE_STILL, NOISE = 3.2, 1.0, 3.2
"""Codes by which a neighbour may differ, in the mean over a cell, before it counts for nothing: so
many where it moves, as motion is not known exactly, fewer where it stands still; and so many times
the median of all cells, which is the noise between the two frames."""

EXCESS = 5.0
"""Codes by which a single pixel may differ beyond its contrast, without noise; and as many times
more as there are codes of noise. A thin thing that is somewhere else hardly shows in a mean."""

MOST_NOISE, CUT = 4.0, 8.0
"""Codes of noise that are allowed for at most, and beyond which it is another scene."""

REPEATED = 0.5
"""Codes: a place that differs by less from one of its neighbours counts as a repetition of it."""

STAYING = 0.25
"""Codes by which a block must fit better where it moved, else it stays."""

WHOLE = 64
"""What shares are parts of."""

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
Contrast = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """How a frame beside another one looks where the other's pixels went.

    Attributes:
        moves: of pixels of the source, where they do: (2, H, W), down and right, in `PARTS`.
        stays: blocks that do not move.
        likeness: of cells, from 0 to 1.
        newness: of cells: 0 where it repeats what it is beside, to 1.
    """

    moves: Whole
    stays: Mask
    likeness: Values
    newness: Values

    @classmethod
    def of(cls, own: Seen, other: Seen) -> Self:
        """Find where everything went, and compare."""
        first, second = own.levels[0], other.levels[0]
        moves = moves_of(motion_between(own, other), first.shape)
        staying = second.values.astype(np.int32) - first.values
        moved = second.at(moves) - first.values
        unmoved, gone = smoothed(np.stack([sums(np.abs(one), BLOCK) for one in (staying, moved)]))
        stays = unmoved <= gone + int(STAYING * FINE * BLOCK**2 * 16)
        change = np.where(enlarged(stays, BLOCK, first.shape), staying, moved)
        errors, repeated = _errors(change), _errors(staying)
        still = enlarged(stays, BLOCK // CELL, errors.shape)
        noise = float(np.median(errors))
        limits = np.where(still, ALIKE_STILL, ALIKE) + NOISE * min(noise, MOST_NOISE)
        there = contrast_of((moved + first.values).astype(np.int16))
        excess = _excess(change, first.contrast, there) / (EXCESS * (1 + min(noise, MOST_NOISE)))
        likeness = _biweight(errors / limits) * _biweight(excess) * (noise < CUT)
        return cls(moves, stays, likeness, np.minimum(repeated / REPEATED, 1))

    @classmethod
    def repeated(cls, own: Seen) -> Self:
        """Return a neighbour that is the same."""
        blocks, cells = ([-(-side // of) for side in own.levels[0].shape] for of in (BLOCK, CELL))
        still = np.zeros((2, *own.levels[0].shape), np.int32)
        return cls(still, np.ones(blocks, np.bool_), np.ones(cells), np.zeros(cells))


def shares(others: Sequence[Neighbour], shape: tuple[int, int]) -> list[Whole]:
    """Return what each neighbour counts for at every pixel of the source, in parts of `WHOLE`.

    Where a frame repeats one of them, the other counts only if nothing moves there: a repetition
    stays one, and a scene that stands still is averaged none the less.
    """
    newness = np.minimum.reduce([one.newness for one in others])
    weights = []
    for one in others:
        still = enlarged(one.stays, BLOCK // CELL, newness.shape)
        weights.append(one.likeness * np.where(still, 1.0, newness))
    total = 1 + np.add.reduce(weights)
    whole = (np.rint(weight / total * WHOLE).astype(np.int32) for weight in weights)
    return [spread(one, CELL, shape) for one in whole]


def enlarged(blocks: Mask, side: int, shape: tuple[int, ...]) -> Mask:
    """Return a mask of blocks at each of their pixels or cells."""
    return blocks.repeat(side, 0).repeat(side, 1)[: shape[0], : shape[1]]


def _biweight(errors: Values) -> Values:
    found: Values = np.square(1 - np.square(np.minimum(errors, 1)))
    return found


def _errors(change: Whole) -> Values:
    """Return the mean difference over cells and their neighbours, in codes."""
    rows, columns = change.shape
    errors: Values = smoothed(sums(np.abs(change), CELL)) / (
        smoothed(counts((rows, columns), CELL)) * float(FINE)
    )
    return errors


def _excess(change: Whole, own: Contrast, other: Contrast) -> Values:
    """Return by how many codes a pixel of a cell, or of those around it, differs too much.

    Half of the contrast beside it is what a motion that is not quite right may differ by; what is
    there in one of the frames alone has none in the other.

    Args:
        own: contrasts in the frame, and
        other: in the other one, moved.
    """
    contrast = np.minimum(own, other)
    beyond = np.abs(change).astype(np.int16) - (contrast >> 1)
    rows, columns = (-(-side // CELL) for side in change.shape)
    rest = ((0, rows * CELL - change.shape[0]), (0, columns * CELL - change.shape[1]))
    cells = np.pad(beyond, rest, mode="edge").reshape(rows, CELL, columns, CELL).max((1, 3))
    excess: Values = extreme(cells, np.maximum) / FINE
    return excess
