"""Values of square blocks of a picture: summed up from its pixels, smoothed, and spread over them.

Whole numbers only, so that every processor comes to the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int32]
T = TypeVar("T", bound=np.signedinteger)


def sums(values: Whole, side: int) -> Whole:
    """Return the sums over blocks of ``side``²; what lies beyond the picture counts as 0."""
    height, width = values.shape
    rows, columns = -(-height // side), -(-width // side)
    if (rows * side, columns * side) != values.shape:
        values = np.pad(values, ((0, rows * side - height), (0, columns * side - width)))
    bands: Whole = values.reshape(rows, side, columns * side).sum(1, dtype=np.int32)
    found: Whole = bands.reshape(rows, columns, side).sum(2, dtype=np.int32)
    return found


def counts(shape: tuple[int, int], side: int) -> Whole:
    """Return how many pixels lie in each block."""
    down, across = (_lengths(length, side) for length in shape)
    return down[:, None] * across


def smoothed(values: Whole) -> Whole:
    """Return 16 times what [1 2 1] both ways makes of the last two axes, their ends held."""
    held = _held(values, -2)
    pairs = held[..., :-1, :] + held[..., 1:, :]
    held = _held(pairs[..., :-1, :] + pairs[..., 1:, :], -1)
    pairs = held[..., :-1] + held[..., 1:]
    return pairs[..., :-1] + pairs[..., 1:]


def extreme(values: NDArray[T], of: Callable[[NDArray[T], NDArray[T]], NDArray[T]]) -> NDArray[T]:
    """Return the largest, or least, of each value of a picture and the eight around it.

    Args:
        of: two pictures; ``np.maximum`` or ``np.minimum``.
    """
    held = _held(values, -2)
    values = of(of(held[:-2], held[1:-1]), held[2:])
    held = _held(values, -1)
    return of(of(held[:, :-2], held[:, 1:-1]), held[:, 2:])


def spread(values: Whole, side: int, shape: tuple[int, int]) -> Whole:
    """Return the value of each pixel, linear between the middles of blocks, rounded.

    Args:
        values: (…, rows, columns).
        side: of a block, a power of two.
    """
    shares = np.arange(1, 2 * side, 2, dtype=np.int32)
    rows = _between(_held(values, -2), -2, shares[:, None])
    half = side // 2
    rows = rows.reshape(*values.shape[:-2], -1, values.shape[-1])[..., half : half + shape[0], :]
    both = _between(_held(rows, -1), -1, shares)
    both = both.reshape(*rows.shape[:-1], -1)[..., half : half + shape[1]]
    both += 2 * side * side
    both >>= 2 * side.bit_length()  # by (2 · side)²
    return both


def _between(held: Whole, axis: int, shares: Whole) -> Whole:
    """Return what lies between each value and the next, a new axis behind theirs."""
    most = len(shares) * 2
    if axis == -2:
        lower, upper = held[..., :-1, None, :], held[..., 1:, None, :]
    else:
        lower, upper = held[..., :-1, None], held[..., 1:, None]
    found = (upper - lower) * shares
    found += lower * most
    return found


def _held(values: NDArray[T], axis: int) -> NDArray[T]:
    """Return values with the first and last along an axis repeated."""
    if axis == -2:
        return np.concatenate((values[..., :1, :], values, values[..., -1:, :]), -2)
    return np.concatenate((values[..., :1], values, values[..., -1:]), -1)


def _lengths(length: int, side: int) -> Whole:
    starts = np.arange(0, length, side, dtype=np.int32)
    return np.minimum(side, length - starts).astype(np.int32)
