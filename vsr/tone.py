"""Reversible curves between a film's luma and one that looks like SDR, for networks that restore.

Such networks learned from 8-bit SDR what an edge and a block look like. HLG is made to be seen on
SDR screens, and deeper SDR is SDR; PQ, whose shadows are stretched and whose highlights are
compressed, is bent. All curves lead from [0, 1] onto [0, 1], so that nothing can be clipped.

Sources: ITU-T H.273 table 3 (transfer characteristics), ITU-R BT.2100-2 (PQ, HLG), BT.2408-7
(203 cd/m² is diffuse white: 58 % of PQ, 75 % of HLG).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Tone = Literal["luma", "pq"]
"""How a restoring network sees a film: its luma as it is, or through the curve for PQ."""

PQ, HLG = 16, 18
SDR_LIKE = frozenset({1, 2, 4, 5, 6, 7, 11, 12, 13, 14, 15, HLG})
"""Transfer characteristics that look like SDR, the unspecified one among them."""

SLOPES = ((0.0, 0.56), (0.30, 1.40), (0.55, 1.40), (0.75, 0.75), (1.0, 0.37))
"""The curve for PQ by its slope, linear between these: from dark to diffuse white about the
contrast of SDR's gamma. No slope is under a third: errors of a network grow on the way back."""

STEPS = 4096
"""Of the tables; a slope hardly changes from one to the next."""

Floats = NDArray[np.float64]


def tone_of(bits: int, transfer: int) -> Tone | None:
    """Return how a restoring network sees a film on luma; None for all planes, as SDR of 8 bits.

    Raises:
        ValueError: the transfer is linear or logarithmic: there is no curve for it.
    """
    if transfer == PQ:
        return "pq"
    if transfer not in SDR_LIKE:
        raise ValueError(f"transfer characteristic {transfer}")
    return "luma" if bits > 8 or transfer == HLG else None


def towards_sdr(amplitude: NDArray[Any], tone: Tone) -> Floats:
    """Return luma as the network sees it, strictly rising, onto [0, 1]; straight on beyond it."""
    values = np.asarray(amplitude, np.float64)
    return values if tone == "luma" else _led_on(values, *_table())


def from_sdr(amplitude: NDArray[Any], tone: Tone) -> Floats:
    """Return the inverse of `towards_sdr`."""
    values = np.asarray(amplitude, np.float64)
    return values if tone == "luma" else _led_on(values, *reversed(_table()))


def _table() -> tuple[Floats, Floats]:
    """Return (from, to): the integral of the slopes, normalised."""
    steps = np.linspace(0.0, 1.0, STEPS + 1)
    slopes = np.interp(steps, *np.array(SLOPES).T)
    values = np.concatenate(([0.0], np.cumsum((slopes[1:] + slopes[:-1]) / 2)))
    return steps, values / values[-1]


def _led_on(values: Floats, before: Floats, after: Floats) -> Floats:
    """Interpolate, and go on with the last slopes beyond both ends."""
    first = (after[1] - after[0]) / (before[1] - before[0])
    last = (after[-1] - after[-2]) / (before[-1] - before[-2])
    inside: Floats = np.asarray(np.interp(values, before, after), np.float64)
    beyond: Floats = np.minimum(values, 0) * first + np.maximum(values - 1, 0) * last
    return inside + beyond
