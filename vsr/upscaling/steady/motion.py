"""Where the blocks of a picture lie in the picture before or after it.

Lucas and Kanade's least squares, from coarse to fine, with one motion for each block and its
neighbours. Sums are of whole numbers and all else is done value by value, so that every processor
finds the same motion.

Source: B. Lucas and T. Kanade, An Iterative Image Registration Technique (IJCAI 1981); pyramid as
J.-Y. Bouguet (2000); slopes of the first picture only, as in S. Baker and I. Matthews, Lucas-Kanade
20 Years On (IJCV 2004), which are the same in every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vsr.upscaling.steady.blocks import Whole, extreme, smoothed, spread, sums

BLOCK = 8
"""Pixels a side of what moves as one."""

SHIFT = 4
PARTS = 1 << SHIFT
"""Motion is counted in so many parts of a pixel."""

FINE = 4
"""Differences are counted in so many parts of an 8-bit code."""

STEPS = (1, 2, 4, 6, 6)
"""How many steps of least squares are done in each level, from the finest."""

LEAST_SIDE = 24
"""The pyramid ends before a side becomes shorter."""

Motion = Whole
"""Where blocks are found in another picture: (2, rows, columns), down and right, in `PARTS`."""

DAMPING = 4
"""Added to the mean square of slopes, in codes per pixel: flat places stay where they are."""


@dataclass(frozen=True, eq=False)
class Level:
    """A picture, perhaps reduced, in `FINE` parts of a code."""

    values: NDArray[np.int16]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.values.shape
        return rows, columns

    @cached_property
    def slopes(self) -> tuple[Whole, Whole]:
        """Twice the slopes, right and down, in codes per pixel."""
        values = self.values.astype(np.int32)
        columns = np.concatenate((values[:, :1], values, values[:, -1:]), 1)
        rows = np.concatenate((values[:1], values, values[-1:]))
        return (columns[:, 2:] - columns[:, :-2]) >> 2, (rows[2:] - rows[:-2]) >> 2

    @cached_property
    def squares(self) -> Whole:
        """Their products over blocks and their neighbours, damped: right², both, down²."""
        right, down = self.slopes
        products = right * right, right * down, down * down
        found = smoothed(np.stack([sums(one, BLOCK) for one in products]))
        found[::2] += DAMPING * 4 * 16 * BLOCK**2
        return found

    @cached_property
    def contrast(self) -> NDArray[np.int16]:
        """That beside each pixel (`contrast_of`)."""
        return contrast_of(self.values)

    @cached_property
    def _held(self) -> NDArray[np.int16]:
        """The pixels in a row, with the last row and column repeated."""
        rows = np.concatenate((self.values, self.values[-1:]))
        return np.concatenate((rows, rows[:, -1:]), 1).reshape(-1)

    def halved(self) -> Level:
        """Return the picture with sides half as long."""
        rows, columns = (side // 2 * 2 for side in self.shape)
        values = self.values[:rows, :columns]
        pairs = values[::2] + values[1::2]
        return Level(((pairs[:, ::2] + pairs[:, 1::2] + 2) >> 2).astype(np.int16))

    def at(self, moves: Whole) -> Whole:
        """Return what lies where pixels went, linear between pixels.

        Args:
            moves: of each, as `moves_of` tells them.
        """
        rows, columns = self.shape
        held = self._held
        places = moves.copy()
        y, x = places
        y += np.arange(0, rows * PARTS, PARTS, dtype=np.int32)[:, None]
        x += np.arange(0, columns * PARTS, PARTS, dtype=np.int32)
        np.clip(y, 0, (rows - 1) * PARTS, out=y)
        np.clip(x, 0, (columns - 1) * PARTS, out=x)
        whole = places >> SHIFT
        places &= PARTS - 1
        place = whole[0].astype(np.intp)
        place *= columns + 1
        place += whole[1]
        upper, lower = (_between(held, place + start, x) for start in (0, columns + 1))
        lower -= upper
        lower *= y
        lower += upper * PARTS
        lower += PARTS**2 // 2
        lower >>= 2 * SHIFT
        return lower


def contrast_of(values: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the largest less the least of each pixel and the eight around it."""
    return extreme(values, np.maximum) - extreme(values, np.minimum)


class Seen:
    """The luma of a frame, ready to be compared with another's.

    Attributes:
        levels: from the finest.
    """

    def __init__(self, luma: NDArray[np.uint8]) -> None:
        level = Level(luma.astype(np.int16) * FINE)
        self.levels = [level]
        while len(self.levels) < len(STEPS) and min(level.shape) >= 2 * LEAST_SIDE:
            level = level.halved()
            self.levels.append(level)

    def is_same(self, other: Seen) -> bool:
        """Return whether two frames do not differ at all."""
        return np.array_equal(self.levels[0].values, other.levels[0].values)


def motion_between(own: Seen, other: Seen) -> Motion:
    """Return where the blocks of one frame lie in another."""
    first, *finer = reversed(range(len(own.levels)))
    motion = np.zeros((2, *own.levels[first].squares.shape[1:]), np.int32)
    motion = _improved(motion, own, other, first)
    for index in finer:
        rows, columns = own.levels[index].squares.shape[1:]
        motion = _improved(2 * spread(motion, 2, (rows, columns)), own, other, index)
    return motion


def moves_of(motion: Motion, shape: tuple[int, int]) -> Whole:
    """Return the motion of each pixel: (2, H, W), down and right, in `PARTS`."""
    return spread(motion, BLOCK, shape)


def _improved(motion: Motion, own: Seen, other: Seen, index: int) -> Motion:
    level, there = own.levels[index], other.levels[index]
    slopes, (xx, xy, yy) = level.slopes, level.squares.astype(np.float64)
    determinant = xx * yy - xy * xy
    for _ in range(STEPS[index]):
        change = there.at(moves_of(motion, level.shape)) - level.values
        x, y = smoothed(np.stack([sums(slope * change, BLOCK) for slope in slopes]))
        steps = np.stack((xy * x - xx * y, xy * y - yy * x))
        motion = motion + _step(steps, determinant)
    return motion


def _step(above: NDArray[np.float64], below: NDArray[np.float64]) -> Whole:
    """Return a step of at most a pixel; slopes count twice, differences `FINE` times."""
    step = np.rint(above / below * (2 * PARTS / FINE))
    return np.clip(step, -PARTS, PARTS).astype(np.int32)


def _between(flat: NDArray[np.int16], place: NDArray[np.intp], share: Whole) -> Whole:
    """Return `PARTS` times what lies between a place and the one to its right."""
    left = flat.take(place).astype(np.int32)
    place += 1
    right = flat.take(place).astype(np.int32)
    right -= left
    right *= share
    left *= PARTS
    right += left
    return right
