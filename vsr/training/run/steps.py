"""The steps of a training pipeline: what each does, and the literal table of them.

In `quantise` a plain network learns to be what int8 makes of it. Besides the pixels it learns to
agree with its own float form on pictures that no camera makes: there ranges are largest, and so are
the steps that everything else is then rounded to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vsr.metrics.protocol import score
from vsr.models.blocks import Channels, Generator
from vsr.models.int8 import pictures
from vsr.models.weights_files import weights_name
from vsr.training.data.batches import Batch
from vsr.training.losses.perceptual import Extract, extractor_of, perceptual_term
from vsr.training.losses.terms import PIXEL_LOSSES, weighted_terms
from vsr.training.losses.weight_path import WeightPath
from vsr.training.network.forms import plain_weights
from vsr.training.network.level import level
from vsr.training.network.rounded_plain import RoundedPlain
from vsr.training.recipe.recipe import SCHEMAS, budget_of, learning_stages
from vsr.training.recipe.values import (
    EvaluateValues,
    ExportValues,
    LevelValues,
    PixelValues,
    QuantiseValues,
)
from vsr.training.run.adversarial import adversarial
from vsr.training.run.context import Context, StepRun
from vsr.training.run.learn import Validation, descend, state_of, trained, validate
from vsr.training.run.loop import LARGEST_FALL_DB, Check, collapse, diverged, train
from vsr.training.run.run_folder import Run
from vsr.training.run.state import TrainState
from vsr.training.run.trained_network import (
    Provenance,
    manifest_of,
    trained_network,
    write_model,
    write_run_card,
)

AT_ONCE = 3
"""Hard or flat pictures in a step."""

WITHIN = (-0.1, 1.1)
"""The range to which both outputs are clamped before they are compared."""

Step = Callable[[StepRun[Any], Generator], Generator]
"""What is done with the network of the step before; returns that for the next one."""


def pixel(stage: StepRun[PixelValues], start: Generator) -> Generator:
    """Regress on pixels, and on features where the recipe says so; return the averaged network."""
    context, values, state = stage.context, stage.values, state_of(stage, start)
    extract = extractor_of(values, context.perceptual_weights, context.device)
    forward = context.team.wrapped(state.net)
    path = WeightPath.towards(values.path_to, start, context.device) if values.path else None

    def learn(state: TrainState, batch: Batch) -> Tensor:
        with context.autocast():
            output = forward(batch.low).float()
            bend = path.term(plain_weights(state.net), batch.low, output, state.step) if path else 0
        value = _pixel_loss(values, extract, output, batch, state.step) + values.path * bend
        descend(state.net, state.optimiser, state.scaler, value, values.clip)
        return value.detach()

    train(stage, state, learn, _check_of(stage, start.colour))
    return trained(state)


def quantise(stage: StepRun[QuantiseValues], start: Generator) -> Generator:
    """Regress on pixels what int8 makes of the network; return the averaged float network."""
    context, values, state = stage.context, stage.values, state_of(stage, start)
    net = state.net
    assert isinstance(net, RoundedPlain)  # what `vsr.training.run.preflight` asks for
    extract = extractor_of(values, context.perceptual_weights, context.device)
    drawn = _pictures(start.colour, context.device)

    def learn(state: TrainState, batch: Batch) -> Tensor:
        if state.step % values.grid_steps == 0:
            net.take_ranges()
        output = net(batch.low)  # in fp32: bf16 rounds as much as int8 does
        value = _pixel_loss(values, extract, output, batch, state.step)
        if values.agreement:
            value = value + values.agreement * _disagreement(net, drawn, state.step)
        average = context.team.average_gradients if context.team.count > 1 else None
        descend(net, state.optimiser, state.scaler, value, values.clip, average)
        return value.detach()

    train(stage, state, learn, _check_of(stage, start.colour))
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


def _pixel_loss(
    values: PixelValues, extract: Extract | None, output: Tensor, batch: Batch, step: int
) -> Tensor:
    """Return what a step that regresses on pixels minimises."""
    loss = PIXEL_LOSSES[values.loss](output, batch.high) + weighted_terms(values, output, batch)
    if extract:
        loss = loss + perceptual_term(values, extract, output, batch.high, step)
    return loss


def _check_of(stage: StepRun[PixelValues], colour: Channels) -> Check:
    """Return what validates a stage, and ends it where it has collapsed."""
    validation = Validation.of(stage.context.patches, colour, stage.context.device)

    def check(state: TrainState) -> float:
        psnr = validate(stage, validation, state)
        why = collapse(psnr, state.best_psnr, LARGEST_FALL_DB)
        if why is not None:
            raise diverged(stage, state, why)
        return psnr

    return check


def levelled(step: StepRun[LevelValues], start: Generator) -> Generator:
    """Take the grid off what an adversary left (see `vsr.training.network.level`)."""
    del step
    return level(start)


def evaluate(step: StepRun[EvaluateValues], start: Generator) -> Generator:
    """Measure the network on the run's benchmarks; leave the figures in the run folder."""
    context = step.context
    if context.team.is_first:
        scores = score(start, context.benchmarks, context.device)
        context.folder.write_scores(scores)
    return start


def export(step: StepRun[ExportValues], start: Generator) -> Generator:
    """Write the network and its card into the run folder."""
    context = step.context
    if context.team.is_first:
        run, recipe = context.folder.read(), context.recipe
        weights = context.folder.path / weights_name(recipe.model, recipe.scale)
        write_model(start, weights, is_half=step.values.half)
        provenance = Provenance(
            run=run, recipe=recipe, manifest=manifest_of(run), device=run.device
        )
        network, scores = trained_network(context.folder, recipe), context.folder.read_scores()
        write_run_card(network, provenance, scores, recipe.model, weights)
    return start


STEPS: Mapping[str, Step] = {
    "pixel": pixel,
    "quantise": quantise,
    "adversarial": adversarial,
    "level": levelled,
    "evaluate": evaluate,
    "export": export,
}
"""What a pipeline may name; the schemas of the values are in `stages`."""


def run_steps(context: Context, run: Run, net: Generator) -> Generator:
    """Run the steps of a run from where it stands; return the network of the last one.

    A stage that a later one has already gone on from is not trained again, whatever the budget: the
    later one's checkpoint holds all that came before.

    Args:
        net: what the first stage starts from.

    Raises:
        InvalidOption: a batch that the team cannot share.
    """
    folder, recipe = context.folder, context.recipe
    stages = learning_stages(recipe, run.pipeline)
    for stage in stages:
        context.team.check_divides(stage.values.batch)
    by_name = {stage.name: stage for stage in stages}
    begun = folder.begun(by_name)
    is_done = bool(begun)
    for step in run.pipeline:
        is_done = is_done and step.name != begun[-1]
        if not is_done:
            learning = by_name.get(step.name)
            budget = budget_of(learning, stages, run.budget) if learning else None
            values = recipe.values(step.name, SCHEMAS[step.step])
            net = STEPS[step.step](StepRun(context, step.name, values, budget), net)
        if context.team.is_first:
            folder.finish(step.name)
    return net
