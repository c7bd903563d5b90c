"""The averaged network of a run, finished or not, the file of it that vsr loads, and its card.

The card says which run, recipe and data it comes from, and how it scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from vsr.errors import InvalidCheckpoint, InvalidData
from vsr.metrics.protocol import PROTOCOL, MeanScores
from vsr.models.blocks import Generator
from vsr.models.checkpoint import write_tensors
from vsr.models.weights_files import Card, sha256_of, write_card
from vsr.training.data.manifest import BICUBIC, DatasetManifest, read_manifest
from vsr.training.network.forms import plain_form, training_form
from vsr.training.network.level import level
from vsr.training.network.start import start
from vsr.training.recipe.recipe import Recipe, learning_stages
from vsr.training.recipe.values import QuantiseValues
from vsr.training.run.run_folder import Run, RunFolder
from vsr.training.run.state import read_checkpoint

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedNetwork:
    """A run's network, and how it was trained.

    ``flavour`` is the kind of the last step that learnt, and for pictures of a video also the
    degradation; ``steps`` and ``seconds`` are over all of them; ``is_finished`` tells whether every
    one spent its budget.
    """

    net: Generator
    flavour: str
    steps: int
    seconds: float
    is_finished: bool


def trained_network(folder: RunFolder, recipe: Recipe) -> TrainedNetwork:
    """Return the averaged network of the last stage that has a checkpoint.

    Raises:
        InvalidData: the run has no checkpoint yet.
        InvalidCheckpoint: it is damaged, or does not fit the recipe.
    """
    run = folder.read()
    stages = learning_stages(recipe, run.pipeline)
    reached = [stage for stage in stages if folder.checkpoint(stage.name).exists()]
    if not reached:
        raise InvalidData(f"{folder.path}: has no checkpoint yet. Let it run longer.")
    tables = [read_checkpoint(folder.checkpoint(stage.name), CPU) for stage in reached]
    last, table = reached[-1], tables[-1]
    net = start(recipe.model, recipe.scale, recipe.seed, None)
    form = training_form(
        net,
        recipe.seed,
        is_reparameterised=last.values.reparameterise,
        is_rounded=isinstance(last.values, QuantiseValues),
        is_standardised=last.values.standardise,
    )
    try:
        form.load_state_dict(table["net"])
        averaged = [value for value in form.state_dict().values() if value.is_floating_point()]
        with torch.no_grad():
            for value, average in zip(averaged, table["average"], strict=True):
                value.copy_(average)
    except (KeyError, RuntimeError, ValueError) as error:
        raise InvalidCheckpoint(
            f"{folder.checkpoint(last.name)}: does not fit the run's recipe. Undo what was changed "
            "there."
        ) from error
    made = plain_form(form).eval().requires_grad_(False)
    place = [step.name for step in run.pipeline].index(last.name)
    is_levelled = any(step.step == "level" for step in run.pipeline[place:])
    is_clean = recipe.degradation == BICUBIC
    return TrainedNetwork(
        net=level(made) if is_levelled else made,
        flavour=last.kind if is_clean else f"{last.kind}, {recipe.degradation}",
        steps=sum(table["step"] for table in tables),
        seconds=sum(table["seconds"] for table in tables),
        is_finished=all(stage.name in run.finished for stage in stages),
    )


def write_model(net: Generator, target: Path, *, is_half: bool) -> None:
    """Write a network as safetensors; it gets its name once it is complete and on disk.

    Raises:
        NoSpace, UnwritableOutput: no new file is left under that name.
    """
    dtype = torch.float16 if is_half else torch.float32
    write_tensors(net.state_dict(), target, dtype)


NO_LICENCE = "NOASSERTION"
"""SPDX for: whoever publishes the weights decides, as it depends on the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a card says about the origin of weights, besides what the network knows."""

    run: Run
    recipe: Recipe
    manifest: DatasetManifest | None
    device: str
    licence: str = NO_LICENCE
    note: str = ""


def write_run_card(
    network: TrainedNetwork, provenance: Provenance, scores: MeanScores, name: str, weights: Path
) -> Card:
    """Write the card next to ``weights`` and return it."""
    stopped = "" if network.is_finished else "Exported before the run's budget was spent. "
    card = Card(
        name=name,
        architecture=network.net.architecture,
        scale=network.net.scale,
        flavour=network.flavour,
        licence=provenance.licence,
        sha256=sha256_of(weights),
        command=command_of(provenance.run),
        data=_data(provenance.manifest, provenance.recipe),
        seconds=round(network.seconds, 1),
        device=provenance.device,
        scores=scores,
        protocol=PROTOCOL if scores else "",
        note=f"{network.steps} steps. {stopped}{_notes(provenance)}".strip(),
        is_quantised=any(step.step == "quantise" for step in provenance.run.pipeline),
    )
    write_card(card, weights)
    return card


def manifest_of(run: Run) -> DatasetManifest | None:
    """Return the manifest of the run's data, if that is still there."""
    try:
        return read_manifest(Path(run.data))
    except InvalidData:
        return None


def command_of(run: Run) -> str:
    """Return the command that started a run, without its folders."""
    words = ["vsr train fit", run.recipe]
    if run.init is not None:
        words += ["--init", Path(run.init).name]
    if run.budget is not None:
        steps, seconds = run.budget.steps, run.budget.seconds
        words += [f"--steps {steps}" if steps else f"--minutes {(seconds or 0) / 60:g}"]
    return " ".join(words)


def _notes(provenance: Provenance) -> str:
    """Return the notes of the recipe and of the user."""
    return f"{provenance.recipe.note} {provenance.note}".strip()


def _data(manifest: DatasetManifest | None, recipe: Recipe) -> str:
    if manifest is None:
        return "no longer available"
    side = manifest.patch
    wanted = [(pairs.target, recipe.scale, pairs.degradation) for pairs in recipe.pairs]
    teachers = (
        f", targets of {one.degradation} by {' + '.join(one.teachers)}, {one.corrected}"
        for one in manifest.taught
        if (one.name, one.scale, one.degradation) in wanted
    )
    return (
        f"{manifest.count} patches of {side}×{side} from {manifest.sources} images, "
        f"SHA-256 {manifest.sha256[:16]}{''.join(teachers)}"
    )
