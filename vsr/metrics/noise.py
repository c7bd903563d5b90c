"""The noise of a film: what differs between two frames where the picture stands still or is smooth.

Such blocks are found by their low frequencies, which hold little noise and most of a picture; the
noise is measured in the others, of which the choice knows nothing: its spectrum, and its dependence
on luma.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsr.metrics.defects import BLOCK, Floats, blocks_of, transformed

BANDS = 8
"""Ranges of luma that are told apart, 32 of 256 codes each."""

SMOOTHEST = 0.1
"""The share of blocks, in each range of luma, that are looked at."""

MOST_OF_PAIR = 4096
"""Blocks that are looked at in a pair of frames."""

FEWEST = 12
"""Blocks: a range of luma with fewer counts as much as this many of all ranges together."""

LOW = 2
"""Frequencies u + v up to it decide whether a block is smooth."""

CLIPPED = (2.0, 253.0)
"""Codes: blocks of means beyond these may have lost noise by clipping."""

WIDEST = 6.0
"""The variance of noise in a range over that in the median one, at most; more is texture."""

MEDIAN_OF_CHI_SQUARE = 0.4549
"""The median of a squared normal deviate over its mean (chi-square, one degree of freedom)."""


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """The noise of a film, in codes of 8 bits.

    Attributes:
        power: (BLOCK, BLOCK): the variance at each frequency of a DCT block, down and across, of
            all ranges of luma together.
        variance: (BANDS,): of a pixel, in each range of luma.
    """

    power: Floats
    variance: Floats

    @property
    def deviation(self) -> float:
        """The standard deviation of a pixel."""
        return float(np.sqrt(self.power.mean()))


Pair = tuple[NDArray[Any], NDArray[Any]]


def noise_between(pairs: Sequence[Pair]) -> Noise | None:
    """Return the noise of pairs of neighbouring frames; None where they show too little.

    Args:
        pairs: lumas (H, W) of two frames, in codes of 8 bits, whole or fractional. Noise that
            does not change from one to the other, as in a still picture, is not seen.
    """
    if not pairs:
        return None
    means, squares = _blocks(pairs)
    chosen = _chosen(means, squares)
    return _measured(squares, chosen) if sum(map(len, chosen)) >= FEWEST else None


def power_before_and_after(before: Sequence[Pair], after: Sequence[Pair]) -> tuple[Floats, Floats]:
    """Return the variance at each frequency in two versions of the same frames, in equal blocks.

    Both (BLOCK, BLOCK), the low frequencies led on from the others. The smooth blocks are those of
    the first version.

    Args:
        before, after: pairs as of `noise_between`, at least one.
    """
    means, squares = _blocks(before)
    everywhere = np.concatenate(_chosen(means, squares))
    _, others = _blocks(after)
    return _with_low(_power(squares[everywhere])), _with_low(_power(others[everywhere]))


def _chosen(means: Floats, squares: Floats) -> list[NDArray[np.int64]]:
    """Return the numbers of the smooth blocks, for each range of luma."""
    is_seen = (means >= CLIPPED[0]) & (means <= CLIPPED[1])
    bands = np.minimum(means * BANDS / 256, BANDS - 1).astype(int)
    return [_smoothest(squares, np.flatnonzero(is_seen & (bands == k))) for k in range(BANDS)]


def _measured(squares: Floats, chosen: list[NDArray[np.int64]]) -> Noise:
    high = _sums() > LOW
    variances = np.array([_power(squares[some])[high].mean() for some in chosen])
    counts = np.array([some.size for some in chosen])
    usual = _weighted_median(variances, counts)
    variances = np.minimum(variances, WIDEST * usual)
    spectrum = _with_low(_mean_spectrum(squares, chosen, variances))
    whole = float((counts * variances).sum() / counts.sum())
    variances = (counts * variances + FEWEST * whole) / (counts + FEWEST)
    share = spectrum.mean() / spectrum[high].mean()
    return Noise(power=spectrum / spectrum.mean() * whole * share, variance=variances * share)


def _blocks(pairs: Sequence[Pair]) -> tuple[Floats, Floats]:
    """Return the mean of each block, and the squared DCT of what changed over √2."""
    found = [_blocks_of(*pair) for pair in pairs]
    return np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])


def _blocks_of(one: NDArray[Any], other: NDArray[Any]) -> tuple[Floats, Floats]:
    blocks = blocks_of(one, MOST_OF_PAIR), blocks_of(other, MOST_OF_PAIR)
    mean: Floats = (blocks[0] + blocks[1]).mean(axis=(1, 2)) / 2
    return mean, transformed((blocks[1] - blocks[0]) / np.sqrt(2)) ** 2


def _sums() -> NDArray[np.int64]:
    """Return u + v of each frequency."""
    return np.add.outer(np.arange(BLOCK), np.arange(BLOCK))


def _smoothest(squares: Floats, where: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of the blocks whose low frequencies are the weakest."""
    low = squares[where][:, _sums() <= LOW].sum(axis=1)
    return where[np.argsort(low, kind="stable")[: int(np.ceil(SMOOTHEST * where.size))]]


def _power(squares: Floats) -> Floats:
    """Return the variance at each frequency; a few blocks that are not smooth do not matter."""
    if not squares.size:
        return np.zeros((BLOCK, BLOCK))
    power: Floats = np.median(squares, axis=0) / MEDIAN_OF_CHI_SQUARE
    return power


def _mean_spectrum(
    squares: Floats, chosen: Sequence[NDArray[np.int64]], variances: Floats
) -> Floats:
    """Return the spectrum of all ranges of luma, each brought to a variance of 1 first."""
    parts = [
        squares[some] / variance
        for some, variance in zip(chosen, variances, strict=True)
        if variance > 0 and some.size
    ]
    return _power(np.concatenate(parts)) if parts else np.ones((BLOCK, BLOCK))


def _with_low(power: Floats) -> Floats:
    """Return the spectrum with its low frequencies, where pictures are, led on from those beside.

    Grain falls with frequency about as a Gaussian does: the logarithm is a line over u² + v².
    """
    sums, power = _sums(), power.copy()
    radii = np.add.outer(np.arange(BLOCK) ** 2, np.arange(BLOCK) ** 2)
    beside = (sums > LOW) & (sums <= 3 * LOW) & (power > 0)
    if beside.sum() < BLOCK:
        return power
    slope, level = np.polyfit(radii[beside], np.log(power[beside]), 1)
    low = sums <= LOW
    power[low] = np.exp(level + min(slope, 0.0) * radii[low])
    return power


def _weighted_median(values: Floats, weights: NDArray[np.int64]) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
