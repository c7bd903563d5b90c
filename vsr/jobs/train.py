"""``vsr train``: fit a recipe, resume a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from vsr.device.select import Device
from vsr.errors import InvalidData, InvalidOption
from vsr.models.blocks import Channels
from vsr.models.weights_files import is_path, weights_name
from vsr.recipes.pipeline import Pipeline, Step
from vsr.recipes.read import find
from vsr.specs import Precision
from vsr.training.data.batches import held, sliced, some_low
from vsr.training.data.dataset import PairsChoice, Patches
from vsr.training.network.start import start
from vsr.training.recipe.recipe import (
    Budget,
    Recipe,
    check_values,
    checked_pipeline,
    decode_recipe,
    is_paired,
    learning_stages,
)
from vsr.training.run.context import Context, Team, TrainProgress, joined, training_device
from vsr.training.run.log import read
from vsr.training.run.preflight import check_free, check_network, check_supplies, norm_note
from vsr.training.run.run_folder import RECIPE, Run, RunFolder
from vsr.training.run.steps import run_steps
from vsr.training.run.verdict import Verdict, give_verdict
from vsr.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSpec:
    """One training run: which recipe, from what, to where, for how long.

    Attributes:
        data: a prepared data set.
        out: the run folder, which must not hold a run yet.
        init: a model's name or a weights file to start from.
        budget: for the whole run; without one each stage has its recipe's steps.
        benchmarks: folders of ground-truth images that the result is measured on.
        perceptual_weights: of the feature network, for recipes with a perceptual loss.
    """

    recipe: str
    data: Path
    out: Path
    init: str | None = None
    budget: Budget | None = None
    device: str = "auto"
    precision: Precision = "auto"
    benchmarks: tuple[Path, ...] = ()
    perceptual_weights: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a caller follows a run, stops it after the current step, and provides its clock."""

    on_start: Callable[[Run], None] = lambda _: None
    on_note: Callable[[str], None] = lambda _: None
    on_progress: Callable[[TrainProgress], None] = lambda _: None
    on_verdict: Callable[[Verdict], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic


def fit(spec: FitSpec, watch: Watch = Watch()) -> RunFolder:
    """Train a recipe from the start.

    Raises:
        Refused: the recipe, the data, the weights to start from or the folder; nothing is written.
        TrainingDiverged, NoSpace: the last checkpoint is kept.
        Interrupted: by ``watch``; a checkpoint was written.
    """
    source = find("presets/train", spec.recipe)
    recipe = decode_recipe(source.text, source.where)
    pipeline = checked_pipeline(recipe, source.where)
    check_network(recipe)
    patches = _patches(spec.data, recipe, pipeline.steps)
    device = training_device(spec.device, spec.precision)
    run = _run(spec, source.name, pipeline, patches, device)
    check_supplies(run, recipe, patches)
    with joined(device) as team:
        folder = RunFolder(spec.out)
        if team.is_first:
            check_free(spec.out, source.text)
        with folder.locked(is_needed=team.is_first):
            if team.is_first:
                RunFolder.create(spec.out, run, source.text)
            _go(folder, run, recipe, patches, device, team, watch)
    return folder


def resume(
    path: Path,
    budget: Budget | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    watch: Watch = Watch(),
) -> RunFolder:
    """Resume a run from its last checkpoint.

    The recipe is that of the run folder, and may have been changed there.

    Args:
        budget: a new one, to which the schedule is fitted; None keeps that of the run.
        precision: ``auto`` is that of the run, so that it continues exactly.

    Raises:
        Refused: as for a new run; not a run, in use, its data changed, or a checkpoint that does
            not fit its recipe.
        TrainingDiverged, NoSpace, Interrupted: as for a new run.
    """
    folder = RunFolder(path)
    run = folder.read()
    chosen = _device_to_go_on(path, run, device, precision)
    recipe = folder.recipe()
    check_values(recipe, run.pipeline, str(path / RECIPE))
    check_network(recipe)
    patches = _patches(Path(run.data), recipe, run.pipeline)
    if patches.sha256 != run.data_sha256:
        raise InvalidData(f"{run.data}: changed since the run started. Start a new run.")
    check_supplies(run, recipe, patches, folder.begun(step.name for step in run.pipeline))
    with joined(chosen) as team, folder.locked(is_needed=team.is_first):
        run = replace(run, budget=budget or run.budget, precision=chosen.precision)
        run = replace(run, device=str(chosen), finished=())
        if team.is_first:
            folder.write(run)
            if not folder.begun(step.name for step in run.pipeline):
                watch.on_note(f"{path}: ended before its first checkpoint, and begins again.")
        seen: list[TrainProgress] = []  # whatever trains ends with a line

        def show(line: TrainProgress) -> None:
            seen.append(line)
            watch.on_progress(line)

        _go(folder, run, recipe, patches, chosen, team, replace(watch, on_progress=show))
        if team.is_first and not seen:
            watch.on_note(_nothing_left(folder, run, recipe))
    return folder


def _run(spec: FitSpec, recipe: str, pipeline: Pipeline, patches: Patches, device: Device) -> Run:
    """Return what the run is, in a form that does not depend on the current folder."""
    weights = spec.perceptual_weights
    return Run(
        recipe=recipe,
        pipeline=pipeline.steps,
        data=str(spec.data.resolve()),
        data_sha256=patches.sha256,
        init=_whole(spec.init),
        budget=spec.budget,
        benchmarks=tuple(str(folder.resolve()) for folder in spec.benchmarks),
        perceptual_weights=str(weights.resolve()) if weights else None,
        device=str(device),
        precision=device.precision,
    )


def _nothing_left(folder: RunFolder, run: Run, recipe: Recipe) -> str:
    """Return in words that a run is finished within its budget, and what trains it on."""
    stages = learning_stages(recipe, run.pipeline)
    last = stages[-1]
    steps = max((line.step for line in read(folder) if line.stage == last.name), default=0)
    whole = (steps + 0.5) * sum(stage.values.share for stage in stages) / last.values.share
    weights = folder.path / weights_name(recipe.model, recipe.scale)
    anew = f", or from its weights: vsr train fit RECIPE --init {weights}" * weights.exists()
    return (
        f"Nothing is left to train: {last.name} has done its {counted(steps, 'step')}. "
        f"Train on with --steps above {int(whole)}{anew}"
    )


def _device_to_go_on(path: Path, run: Run, device: str, precision: Precision) -> Device:
    if precision != "auto":
        return training_device(device, precision)
    if run.precision == "fp16" and not training_device(device, "auto").is_cuda:
        raise InvalidOption(
            f"{path}: started on {run.device}, and fp16 needs CUDA. Resume it there, or with "
            "--precision fp32 here, though its result will differ slightly."
        )
    return training_device(device, run.precision)


def _patches(data: Path, recipe: Recipe, steps: tuple[Step, ...]) -> Patches:
    wanted = (
        PairsChoice(
            scale=recipe.scale,
            degradation=pairs.degradation,
            is_paired=is_paired(recipe, steps),
            target=pairs.target,
            truth_share=pairs.truth_share,
            weight=pairs.weight,
        )
        for pairs in recipe.pairs
    )
    return Patches.open(data, *wanted)


def _whole(init: str | None) -> str | None:
    """Return ``--init`` with its whole path, if it is one."""
    return str(Path(init).resolve()) if init is not None and is_path(init) else init


def _go(
    folder: RunFolder,
    run: Run,
    recipe: Recipe,
    patches: Patches,
    device: Device,
    team: Team,
    watch: Watch,
) -> None:
    """Assemble what the steps work with, and run them."""
    begun = folder.begun(step.name for step in run.pipeline)
    init = None if begun else run.init  # a checkpoint includes what --init provided
    if team.is_first:
        watch.on_start(run)

    def to_fit(colour: Channels) -> Tensor:
        if team.is_first:
            theirs = Path(run.init or "").name
            watch.on_note(
                f"Fits {recipe.model} to {theirs} before the first step: a minute or two."
            )
        return some_low(patches, colour)

    net = start(recipe.model, recipe.scale, recipe.seed, init, to_fit)
    target = device.torch_device
    source = held(patches, net.colour, target) if device.is_cuda else sliced(patches, net.colour)
    context = Context(
        folder=folder,
        recipe=recipe,
        patches=patches,
        source=source,
        device=target,
        dtype=device.torch_dtype,
        team=team,
        benchmarks=tuple(Path(path) for path in run.benchmarks),
        perceptual_weights=run.perceptual_weights,
        on_progress=watch.on_progress,
        should_stop=watch.should_stop,
        clock=watch.clock,
    )
    if team.is_first:
        note = norm_note(net, learning_stages(recipe, run.pipeline)) if init else None
        if note is not None:
            watch.on_note(note)
    result = run_steps(context, run, net)
    if team.is_first:
        watch.on_verdict(give_verdict(context, run, result))
