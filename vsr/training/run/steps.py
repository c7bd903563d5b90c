"""The steps of a training pipeline: what each does, and the literal table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from vsr.metrics.protocol import score
from vsr.models.blocks import Generator
from vsr.models.weights_files import weights_name
from vsr.training.data.batches import Batch
from vsr.training.losses.perceptual import extractor_of, perceptual_term
from vsr.training.losses.terms import PIXEL_LOSSES, weighted_terms, without_border
from vsr.training.network.weight_path import WeightPath
from vsr.training.recipe.recipe import EvaluateValues, ExportValues, LevelValues, PixelValues
from vsr.training.recipe.schedule import Budget
from vsr.training.recipe.stages import SCHEMAS, budget_of, learning_stages
from vsr.training.run.adversarial import adversarial
from vsr.training.run.context import Context
from vsr.training.run.learn import Validation, descend, state_of, trained, validate
from vsr.training.run.loop import LARGEST_FALL_DB, collapse, diverged, train
from vsr.training.run.provenance import Provenance, manifest_of, write_run_card
from vsr.training.run.quantise import quantise
from vsr.training.run.run_folder import Run
from vsr.training.run.state import TrainState
from vsr.training.run.trained_network import level, trained_network, write_model

RunStep = Callable[[Context, str, Any, Budget | None, Generator], Generator]
"""(context, name, values, budget where it learns, network) → the network for the next step."""


def pixel(
    context: Context, name: str, values: PixelValues, budget: Budget | None, start: Generator
) -> Generator:
    """Regress on pixels, and on features where the recipe says so; return the averaged network."""
    assert budget is not None  # a step that learns has one
    state = state_of(context, name, values, start)
    loss = PIXEL_LOSSES[values.loss]
    extract = extractor_of(values, context.perceptual_weights, context.device)
    forward = context.team.wrapped(state.net)
    validation = Validation.of(context.patches, start.colour, context.device)
    path = WeightPath.towards(values.path_to, start, context.device) if values.path else None

    def learn(state: TrainState, batch: Batch) -> Tensor:
        with context.autocast():
            output = forward(batch.low).float()
            bend = path.term(state.net, batch.low, output, state.step) if path else 0
        output, batch = without_border(output, batch, values.border)
        value = loss(output, batch.high) + weighted_terms(values, output, batch)
        value = value + values.path * bend
        if extract:
            value = value + perceptual_term(values, extract, output, batch.high, state.step)
        descend(state.net, state.optimiser, state.scaler, value, values.clip)
        return value.detach()

    def check(state: TrainState) -> float:
        psnr = validate(context, name, values, validation, state)
        why = collapse(psnr, state.best_psnr, LARGEST_FALL_DB)
        if why is not None:
            raise diverged(context, name, state, why)
        return psnr

    train(context, name, values, budget, state, learn, check)
    return trained(state)


def levelled(
    context: Context, name: str, values: LevelValues, budget: Budget | None, start: Generator
) -> Generator:
    """Take the grid off what an adversary left (see `vsr.training.run.trained_network`)."""
    del context, name, values, budget
    return level(start)


def evaluate(
    context: Context, name: str, values: EvaluateValues, budget: Budget | None, start: Generator
) -> Generator:
    """Measure the network on the run's benchmarks; leave the figures in the run folder."""
    del name, values, budget
    if context.team.is_first:
        scores = score(start, context.benchmarks, context.device)
        context.folder.write_scores(scores)
    return start


def export(
    context: Context, name: str, values: ExportValues, budget: Budget | None, start: Generator
) -> Generator:
    """Write the network and its card into the run folder."""
    del name, budget
    if context.team.is_first:
        run, recipe = context.folder.read(), context.recipe
        weights = context.folder.path / weights_name(recipe.model, recipe.scale)
        write_model(start, weights, is_half=values.half)
        provenance = Provenance(
            run=run, recipe=recipe, manifest=manifest_of(run), device=run.device
        )
        network, scores = trained_network(context.folder, recipe), context.folder.read_scores()
        write_run_card(network, provenance, scores, recipe.model, weights)
    return start


STEPS: Mapping[str, RunStep] = {
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
            net = STEPS[step.step](context, step.name, values, budget, net)
        if context.team.is_first:
            folder.finish(step.name)
    return net
