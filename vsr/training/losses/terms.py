"""What a stage adds to its main loss, each term where the recipe gives it a weight."""

from __future__ import annotations

from torch import Tensor

from vsr.training.data.batches import Batch
from vsr.training.losses.losses import differences, texture
from vsr.training.losses.smooth import smooth
from vsr.training.losses.temporal import consistency, temporal
from vsr.training.recipe.recipe import PerceptualValues


def weighted_terms(values: PerceptualValues, output: Tensor, batch: Batch) -> Tensor:
    """Return the weighted sum of all terms: a scalar, 0 where no weight is set."""
    total = output.new_zeros(())
    for weight, term in (
        (values.smooth, smooth),
        (values.differences, differences),
        (values.texture, texture),
    ):
        if weight:
            total = total + weight * term(output, batch.high)
    if values.temporal:
        total = total + values.temporal * temporal(output, batch.high, batch.low)
    if values.consistency:
        assert batch.move is not None  # refused before the start
        total = total + values.consistency * consistency(output, batch.move)
    return total
