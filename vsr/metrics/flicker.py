"""Flicker: what a result adds to the changes of its reference from frame to frame.

No optical flow: both measures look at the same place in neighbouring frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STATIC_CHANGE = 1.0
"""A place is static between two frames if its reference changes by less, in 8-bit codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker:
    """How much a result flickers, in 8-bit codes of luma.

    Attributes:
        static_std: standard deviation over time where the reference is static; None if nowhere.
        difference_error: mean |Δresult - Δreference| over all places and neighbouring frames.
        static_share: how much of the clip is static, 0 to 1.
        pairs: of neighbouring frames that were compared.
    """

    static_std: float | None
    difference_error: float
    static_share: float
    pairs: int


class FlickerMeter:
    """Take frames in order, keep only the last two, return a `Flicker` at any time.

    Two frames of one independent noise of standard deviation σ differ by √2·σ, so the variance
    over time is half the mean square of the differences between neighbours.
    """

    def __init__(self) -> None:
        self._last: tuple[Array, Array] | None = None
        self._pairs = self._places = self._static = 0
        self._static_squares = self._errors = 0.0

    def add(self, reference: Array, result: Array) -> None:
        """Take the next frames, (H, W) in 8-bit codes.

        Raises:
            ValueError: their shapes differ.
        """
        if reference.shape != result.shape:
            raise ValueError(f"images of shapes {reference.shape} and {result.shape}")
        if self._last is not None:
            change = reference - self._last[0]
            result_change = result - self._last[1]
            is_static = np.abs(change) < STATIC_CHANGE
            self._pairs += 1
            self._places += change.size
            self._static += int(is_static.sum())
            self._static_squares += float(np.square(result_change[is_static]).sum())
            self._errors += float(np.abs(result_change - change).sum())
        self._last = (reference, result)

    def flicker(self) -> Flicker | None:
        """Return what was measured so far; None before the second frame."""
        if not self._pairs:
            return None
        static = sqrt(self._static_squares / self._static / 2) if self._static else None
        return Flicker(
            static_std=static,
            difference_error=self._errors / self._places,
            static_share=self._static / self._places,
            pairs=self._pairs,
        )
