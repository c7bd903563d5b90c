"""The steps of a training pipeline: what each does, and the literal table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from vsr.models.blocks import Generator
from vsr.training.batches import Batch
from vsr.training.context import Context
from vsr.training.learn import descend, state_of, trained, validate
from vsr.training.loop import train
from vsr.training.losses import PIXEL_LOSSES
from vsr.training.recipe import PixelValues
from vsr.training.schedule import Budget
from vsr.training.state import TrainState
from vsr.training.validate import Validation


@dataclass(frozen=True, slots=True)
class TrainStep:
    """A kind of step: the schema of its values, and what it does.

    ``run(context, name, values, budget, net)`` returns the network that the next step gets.
    """

    schema: type[Any]
    run: Callable[[Context, str, Any, Budget, Generator], Generator]
    learns: bool = False


def pixel(
    context: Context, name: str, values: PixelValues, budget: Budget, start: Generator
) -> Generator:
    """Regress on pixels; return the averaged network."""
    state = state_of(context, name, values, start)
    loss = PIXEL_LOSSES[values.loss]
    forward = context.team.wrapped(state.net)
    validation = Validation.of(context.patches, start.colour, context.device)

    def learn(state: TrainState, batch: Batch) -> Tensor:
        with context.autocast():
            output = forward(batch.low)
        value = loss(output.float(), batch.high)
        descend(state, value, values.clip)
        return value.detach()

    def check(state: TrainState) -> float:
        return validate(context, values, validation, state)

    train(context, name, values, budget, state, learn, check)
    return trained(context, name, state)


STEPS = {
    "pixel": TrainStep(PixelValues, pixel, learns=True),
}
"""What a pipeline may name."""
