"""The `quantise` step: a plain network learns to be what int8 makes of it.

Besides the pixels it learns to agree with its own float form on pictures that no camera makes:
there ranges are largest, and so are the steps that everything else is then rounded to.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vsr.models.blocks import Generator
from vsr.models.int8 import pictures
from vsr.training.data.batches import Batch
from vsr.training.losses.perceptual import extractor_of, perceptual_term
from vsr.training.losses.terms import PIXEL_LOSSES, weighted_terms, without_border
from vsr.training.network.rounded import RoundedPlain
from vsr.training.recipe.recipe import QuantiseValues
from vsr.training.recipe.schedule import Budget
from vsr.training.run.context import Context
from vsr.training.run.learn import Validation, descend, state_of, trained, validate
from vsr.training.run.loop import LARGEST_FALL_DB, collapse, diverged, train
from vsr.training.run.state import TrainState

AT_ONCE = 3
"""Hard or flat pictures in a step."""

WITHIN = (-0.1, 1.1)
"""Beyond this a difference is not seen."""


def quantise(
    context: Context, name: str, values: QuantiseValues, budget: Budget | None, start: Generator
) -> Generator:
    """Regress on pixels what int8 makes of the network; return the averaged float network."""
    assert budget is not None  # a step that learns has one
    state = state_of(context, name, values, start)
    net = state.net
    assert isinstance(net, RoundedPlain)  # what `vsr.training.run.preflight` asks for
    loss = PIXEL_LOSSES[values.loss]
    extract = extractor_of(values, context.perceptual_weights, context.device)
    validation = Validation.of(context.patches, start.colour, context.device)
    drawn = _pictures(start.colour, context.device)

    def learn(state: TrainState, batch: Batch) -> Tensor:
        if state.step % values.grid_steps == 0:
            net.take_ranges()
        output = net(batch.low)  # in fp32: bf16 rounds as much as int8 does
        output, batch = without_border(output, batch, values.border)
        value = loss(output, batch.high) + weighted_terms(values, output, batch)
        if extract:
            value = value + perceptual_term(values, extract, output, batch.high, state.step)
        if values.agreement:
            value = value + values.agreement * _disagreement(net, drawn, state.step)
        average = context.team.average_gradients if context.team.count > 1 else None
        descend(net, state.optimiser, state.scaler, value, values.clip, average)
        return value.detach()

    def check(state: TrainState) -> float:
        psnr = validate(context, name, values, validation, state)
        why = collapse(psnr, state.best_psnr, LARGEST_FALL_DB)
        if why is not None:
            raise diverged(context, name, state, why)
        return psnr

    train(context, name, values, budget, state, learn, check)
    return trained(state)


def _pictures(colour: str, device: torch.device) -> Tensor:
    """Return hard and flat pictures (N, C, H, W) in [0, 1]."""
    drawn = torch.from_numpy(np.concatenate((pictures.hard(), pictures.flat()))) / 255
    return (drawn if colour == "rgb" else drawn[:, 1:2]).to(device)


def _disagreement(net: RoundedPlain, drawn: Tensor, step: int) -> Tensor:
    """Return how far both forms are apart on a few pictures, others at every step."""
    always = torch.Generator().manual_seed(step)  # a resumed run sees the same
    few = drawn[torch.randint(len(drawn), (AT_ONCE,), generator=always).to(drawn.device)]
    few = few[:, torch.randperm(drawn.shape[1], generator=always).to(drawn.device)]
    rounded, exact = (form(few).clamp(*WITHIN) for form in (net, net.exact))
    return (rounded - exact).abs().mean()
