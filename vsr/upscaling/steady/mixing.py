"""A frame's detail, averaged with that of the frames beside it, along the motion of its objects.

What a network draws, and what it leaves of noise, differs from frame to frame, as what it sees
does: other noise, another grid of a codec, other places between pixels. So detail boils. Detail is
what a frame has beyond its source, smoothed over some six pixels and enlarged: each pixel takes the
mean over three frames of that which lies at its object, and keeps all slower change as it is.

    result = own + Σ share · (other's detail, moved − own detail)

A neighbour has its share where the source looks alike there, by Tukey's biweight, which is 0 beyond
some codes: what is uncovered, or another scene, counts for nothing. What repeats a neighbour is
mixed with nothing that moves, so that it stays a repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsr.frames import Plane
from vsr.upscaling.steady.blocks import Whole, counts, smoothed, spread, sums
from vsr.upscaling.steady.likeness import WHOLE, Neighbour, enlarged, shares
from vsr.upscaling.steady.motion import BLOCK, PARTS

HALVES = 2
"""Detail is counted in half codes: two thirds of `WHOLE` of them fit 16 bits at 8 bits."""

STRIP = 64
"""Rows of the output at a time, so that they stay in a CPU's cache."""

FINEST = 3
"""Output pixels per source pixel from which motion may be rounded to whole ones."""

SMOOTHED = 2
"""Pixels of the source a side that are averaged before they are smoothed by [1 2 1]. Smaller, and
noise that a network took away comes back with the source; larger, and tones change more slowly
than the source's."""

SMOOTH_SHIFT = 2
"""Bits by which smoothed samples are finer than the source's."""

NARROW = 13
"""The deepest source whose samples fit 32 bits with the weights of both directions."""

BETWEEN_SHIFT = 7
BETWEEN = 1 << BETWEEN_SHIFT
"""Parts of a pixel in which a place between two is told."""

Detail = NDArray[Any]
"""(rows, columns), in half codes: int16 for 8 bits, else int32."""


Each = Callable[[Callable[[slice], None], Sequence[slice]], None]
"""Does something to each of some parts, perhaps in several threads."""


def in_turn(work: Callable[[slice], None], parts: Sequence[slice]) -> None:
    """Do something to each part, one after the other."""
    for part in parts:
        work(part)


@dataclass(frozen=True)
class Mixer:
    """Mixes frames of one size.

    Attributes:
        source: rows and columns of the source.
        output: those of the frames that are mixed.
        bits: of their samples, and
        source_bits: of the source's.
    """

    source: tuple[int, int]
    output: tuple[int, int]
    bits: int = 8
    source_bits: int = 8

    def detail(self, luma: Plane, source: Plane, each: Each = in_turn) -> Detail:
        """Return what a frame has beyond its smoothed and enlarged source, in half codes.

        Args:
            each: does the strips of the output, in any order.
        """
        (left, share), (upper, low) = self._between[1], self._between[0]
        smooth: Whole = _smooth(source.astype(np.int32)).astype(self._products)
        across = smooth.take(left, axis=1) * (BETWEEN - share)
        across += smooth.take(np.minimum(left + 1, self.source[1] - 1), axis=1) * share
        lower = np.minimum(upper + 1, self.source[0] - 1)
        shift = 2 * BETWEEN_SHIFT + SMOOTH_SHIFT - 1 - self.bits + self.source_bits
        result = np.empty(self.output, self._width)

        def fill(rows: slice) -> None:
            base = across[upper[rows]] * (BETWEEN - low[rows])[:, None]
            base += across[lower[rows]] * low[rows][:, None]
            base += 1 << (shift - 1)
            base >>= shift
            own = luma[rows].astype(np.int32) * HALVES
            own -= base
            result[rows] = own

        each(fill, self._strips)
        return result

    def refined(self, detail: Detail) -> Detail:
        """Return detail as fine as motion is followed in."""
        return detail if self.finer == 1 else _doubled(_doubled(detail, 0), 1)

    def mixed(
        self,
        luma: Plane,
        detail: Detail,
        others: Sequence[tuple[Neighbour, Detail]],
        each: Each = in_turn,
    ) -> Plane:
        """Return a plane with the detail of three frames.

        Args:
            detail: of the plane.
            others: that of each neighbour, refined.
            each: does the strips of the output, in any order.
        """
        parts = shares([one for one, _ in others], self.source)
        moves = [
            (fine.reshape(-1), self._offsets(one), share.astype(self._width))
            for (one, fine), share in zip(others, parts, strict=True)
            if share.any()
        ]
        if not moves:
            return luma
        result = np.empty_like(luma)
        unit = WHOLE * HALVES

        def fill(rows: slice) -> None:
            own, seen = detail[rows], self._row_of[rows]
            there, within = slice(seen[0], seen[-1] + 1), seen - seen[0]
            mixed = np.full(own.shape, unit // 2, self._width)
            for flat, offsets, share in moves:
                if not share[there].any():
                    continue
                place = offsets[there].take(self._column_of, axis=1)[within]
                place += self._places[rows]
                apart = flat.take(place)
                apart -= own
                apart *= share[there].take(self._column_of, axis=1)[within]
                mixed += apart
            mixed >>= unit.bit_length() - 1
            mixed += luma[rows]
            np.clip(mixed, 0, (1 << self.bits) - 1, out=mixed)
            result[rows] = mixed

        each(fill, self._strips)
        return result

    @property
    def finer(self) -> int:
        """How many times as fine as the output's pixels motion is followed."""
        ratio = min(made / given for made, given in zip(self.output, self.source, strict=True))
        return 1 if ratio >= FINEST else 2

    @property
    def _width(self) -> type[np.int16] | type[np.int32]:
        return np.int16 if self.bits == 8 else np.int32

    @property
    def _products(self) -> type[np.int32] | type[np.int64]:
        return np.int32 if self.source_bits <= NARROW else np.int64

    @property
    def _strips(self) -> list[slice]:
        height = self.output[0]
        return [slice(top, min(top + STRIP, height)) for top in range(0, height, STRIP)]

    def _offsets(self, one: Neighbour) -> NDArray[np.intp]:
        """Return how far away in memory each pixel of the source is found."""
        columns = self.output[1] * self.finer
        stays = enlarged(one.stays, BLOCK, self.source)
        found = np.zeros(self.source, np.intp)
        for axis, step in ((0, columns), (1, 1)):
            ratio = self.output[axis] * self.finer / self.source[axis]
            moved = np.rint(one.moves[axis] * (ratio / PARTS))
            moved[stays] = 0
            low, high = self._room(axis)
            found += np.clip(moved, low, high).astype(np.intp) * step
        return found

    def _room(self, axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return how far each row or column may go before it leaves the frame."""
        of = (self._row_of, self._column_of)[axis]
        last = self.output[axis] - 1
        every = np.arange(self.source[axis])
        low = -np.searchsorted(of, every, "left") * self.finer
        high = (last - np.searchsorted(of, every, "right") + 1) * self.finer
        shape = (-1, 1) if axis == 0 else (1, -1)
        return low.reshape(shape), high.reshape(shape)

    @cached_property
    def _row_of(self) -> NDArray[np.intp]:
        return _nearest(self.source[0], self.output[0])

    @cached_property
    def _column_of(self) -> NDArray[np.intp]:
        return _nearest(self.source[1], self.output[1])

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """Where each pixel of the output lies in the memory of refined detail."""
        rows = np.arange(self.output[0], dtype=np.intp)[:, None] * (self.finer**2 * self.output[1])
        return rows + np.arange(self.output[1], dtype=np.intp) * self.finer

    @cached_property
    def _between(self) -> list[tuple[NDArray[np.intp], Whole]]:
        return [_linear(*lengths) for lengths in zip(self.source, self.output, strict=True)]


def _smooth(values: Whole) -> Whole:
    """Return a picture without its detail, 2 to the power of `SMOOTH_SHIFT` times."""
    rows, columns = values.shape
    weights = smoothed(counts((rows, columns), SMOOTHED))
    means = (smoothed(sums(values, SMOOTHED)) << SMOOTH_SHIFT) // weights
    return spread(means, SMOOTHED, (rows, columns))


def _nearest(source: int, output: int) -> NDArray[np.intp]:
    """Return the pixel of the source in which the middle of each one of the output lies."""
    return (2 * np.arange(output, dtype=np.intp) + 1) * source // (2 * output)


def _linear(source: int, output: int) -> tuple[NDArray[np.intp], Whole]:
    """Return behind which pixel of the source each one of the output lies, and how far."""
    middles = (2 * np.arange(output, dtype=np.int64) + 1) * source * BETWEEN // (2 * output)
    places = np.clip(middles - BETWEEN // 2, 0, (source - 1) * BETWEEN)
    return (places // BETWEEN).astype(np.intp), (places % BETWEEN).astype(np.int32)


def _doubled(detail: Detail, axis: int) -> Detail:
    """Return detail with a row or column between every two, by the cubic through four."""
    own = np.moveaxis(detail, axis, 0)
    held = np.concatenate((own[:1], own, own[-1:], own[-1:]))
    between = held[1:-2] + held[2:-1]
    between *= 9
    between -= held[:-3]
    between -= held[3:]
    between += 8
    between >>= 4
    made = np.empty((2 * len(own), *own.shape[1:]), detail.dtype)
    made[::2] = own
    made[1::2] = between
    return np.ascontiguousarray(np.moveaxis(made, 0, axis))
