"""``vsr train export``: the network of a run, under a name that every command knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from vsr.device.select import select
from vsr.disk.folders import user_folder
from vsr.errors import InvalidOption, OutputExists
from vsr.metrics.protocol import score
from vsr.models.catalog import NAMES, load
from vsr.models.weights_files import Card, shipped_names, weights_name
from vsr.temporary import temporary_folder
from vsr.training.run.run_folder import RunFolder
from vsr.training.run.trained_network import (
    NO_LICENCE,
    Provenance,
    manifest_of,
    trained_network,
    write_model,
    write_run_card,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSpec:
    """What to export, and under which name.

    Attributes:
        folder: the destination; None is the user's own folder of models, where names are looked up.
        benchmarks: folders of ground-truth images to measure the exported file on, for the card.
        licence: SPDX identifier for the card.
    """

    run: Path
    name: str
    folder: Path | None = None
    benchmarks: tuple[Path, ...] = ()
    licence: str = NO_LICENCE
    note: str = ""
    is_half: bool = True
    may_overwrite: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise InvalidOption(f"--name {self.name}: use letters, digits, '.', '_' and '-'.")
        if self.folder is None and self.name in shipped_names().union(NAMES):
            raise InvalidOption(f"--name {self.name}: is shipped with vsr. Choose another name.")


@dataclass(frozen=True, slots=True)
class Exported:
    """A written model: its file and its card."""

    path: Path
    card: Card


def export(spec: ExportSpec) -> Exported:
    """Write the averaged network of a run, finished or not, with its card.

    What is measured is the file as written, in half precision.

    Raises:
        InvalidData: not a run, no checkpoint, or benchmarks without images.
        UnreadableMedia: an image of a benchmark; nothing is written, nor replaced, as with any.
        OutputExists: there is a model of that name and scale.
    """
    folder = RunFolder(spec.run)
    run = folder.read()
    recipe = folder.recipe()
    target = (spec.folder or user_folder("models")) / weights_name(spec.name, recipe.scale)
    if target.exists() and not spec.may_overwrite:
        raise OutputExists(f"{target}: already exists. Choose another --name, or add --overwrite.")
    network = trained_network(folder, recipe)
    device = select("auto", "fp32").torch_device
    with temporary_folder("export") as place:
        write_model(network.net, place / target.name, is_half=spec.is_half)
        written = load(str(place / target.name)).net
    assert written is not None  # it was just written
    scores = {**folder.read_scores(), **score(written, spec.benchmarks, device)}
    target.with_suffix(".json").unlink(missing_ok=True)  # of the file that is replaced
    write_model(network.net, target, is_half=spec.is_half)
    provenance = Provenance(
        run=run,
        recipe=recipe,
        manifest=manifest_of(run),
        device=run.device or str(select("cpu")),
        licence=spec.licence,
        note=spec.note,
    )
    network = replace(network, net=written)
    return Exported(target, write_run_card(network, provenance, scores, spec.name, target))
