"""The card of a trained network: which run, recipe and data it comes from, and how it scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vsr.errors import InvalidData
from vsr.metrics.protocol import PROTOCOL, MeanScores
from vsr.models.card import Card, sha256_of, write_card
from vsr.training.data.manifest import DatasetManifest, read_manifest
from vsr.training.recipe.recipe import Recipe
from vsr.training.run.run_folder import Run
from vsr.training.run.trained_network import TrainedNetwork

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
        f", targets of {one.degradation} by {' + '.join(one.teachers)}, {one.correction}"
        for one in manifest.taught
        if (one.name, one.scale, one.degradation) in wanted
    )
    return (
        f"{manifest.count} patches of {side}×{side} from {manifest.sources} pictures, "
        f"SHA-256 {manifest.sha256[:16]}{''.join(teachers)}"
    )
