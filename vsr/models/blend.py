"""Networks between networks: weighted sums of weights of one architecture.

Nets that were fine-tuned from one another stay close enough for the straight line between their
weights to pass through useful networks, at no cost when they run.

Source: X. Wang et al., Deep Network Interpolation for Continuous Imagery Effect Transition
(CVPR 2019), equation 1; here with several anchors, and a direction that is added.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vsr.errors import InvalidCheckpoint

if TYPE_CHECKING:
    from torch import Tensor


def between(position: float, count: int) -> tuple[float, ...]:
    """Return the coefficient of each of ``count`` anchors spaced evenly over 0 … 1.

    At most two neighbouring ones are not 0; all sum to 1. At an anchor, its own is exactly 1.
    """
    if count == 1:
        return (1.0,)
    places = [index / (count - 1) for index in range(count)]
    right = min(bisect_right(places, position), count - 1)
    share = (position - places[right - 1]) / (places[right] - places[right - 1])
    coefficients = [0.0] * count
    coefficients[right - 1], coefficients[right] = 1.0 - share, share
    return tuple(coefficients)


def added_up(
    states: Sequence[Mapping[str, Tensor]], coefficients: Sequence[float], where: Sequence[str]
) -> dict[str, Tensor]:
    """Return Σ cᵢ·θᵢ, name by name; a coefficient of 0 leaves its state out.

    Args:
        states: names → tensors, each network's own; at least one coefficient is not 0.
        where: their files' names, for messages.

    Raises:
        InvalidCheckpoint: their names or shapes differ.
    """
    used = [part for part in zip(states, coefficients, where, strict=True) if part[1] != 0]
    shapes = _shapes(used[0][0])
    total = {name: _scaled(tensor, used[0][1]) for name, tensor in used[0][0].items()}
    for state, coefficient, name_of_file in used[1:]:
        if _shapes(state) != shapes:
            raise InvalidCheckpoint(
                f"{name_of_file}: its shapes are not those of {used[0][2]}, so they "
                "cannot be blended. Choose weights that were tuned from those."
            )
        for name, tensor in state.items():
            if tensor.is_floating_point():
                total[name] = total[name] + coefficient * tensor
    return total


def _scaled(tensor: Tensor, coefficient: float) -> Tensor:
    """Return the product; integer counters are left as they are."""
    return coefficient * tensor if tensor.is_floating_point() else tensor


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}
