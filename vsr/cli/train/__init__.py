"""``vsr train``: the list of recipes, the group of its commands, and ``vsr train export``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from vsr.cli.shared.command import Subcommands
from vsr.cli.shared.lines import echo, echo_table, echo_wrapped, name_broken
from vsr.cli.shared.report import emit
from vsr.cli.train.prepare import prepare
from vsr.cli.train.run import fit, resume
from vsr.cli.train.teach import teach

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each recipe.")


@click.group(
    cls=Subcommands,
    invoke_without_command=True,
    short_help="Train a network; without a subcommand, list the recipes.",
)
@_JSON
@click.pass_context
def train(context: click.Context, as_json: bool) -> int:
    """Train the networks, or fine-tune one on your own images.

    \b
      vsr train                                 list the recipes
      vsr train prepare photos/ --out data/
      vsr train teach data/ --teacher other.pth   the targets of another network
      vsr train fit fast-x4 --data data/ --out run/ --minutes 25
      vsr train resume run/
      vsr train export run/ --name mine
      vsr upscale in.mp4 out.mp4 --model mine

    Your own recipes are TOML files in $VSR_HOME/presets/train or ~/.config/vsr/presets/train.
    A pipeline of yours (in pipelines, next to presets) runs pixel, adversarial, level, evaluate
    and export in any order; a repeated step has a name: {step = "adversarial", name = "refine"}.

    Several GPUs: torchrun --nproc-per-node N --no-python vsr train fit ...
    """  # noqa: D301 # \b tells click to keep the lines
    return _list(as_json) if context.invoked_subcommand is None else 0


@train.command("list", short_help="List the recipes, as vsr train does.")
@_JSON
def list_recipes(as_json: bool) -> int:
    """List the recipes."""
    return _list(as_json)


def _list(as_json: bool) -> int:
    from vsr.recipes.read import readable
    from vsr.training.recipe.recipe import load_recipe

    every, broken = readable("presets/train", lambda name: load_recipe(name)[1])
    if as_json:
        for name, recipe in every.items():
            emit(
                {
                    "name": name,
                    "description": recipe.description,
                    "model": recipe.model,
                    "scale": recipe.scale,
                    "pipeline": recipe.pipeline,
                }
            )
        return name_broken(broken)
    for head, names in _grouped({name: recipe.model for name, recipe in every.items()}).items():
        if names:
            click.echo(f"{head}\n")
            echo_table(("recipe", "what"), [(name, every[name].description) for name in names])
            click.echo("")
    echo_wrapped("", "Begin with vsr train prepare; vsr train --help shows the steps.")
    return name_broken(broken)


OWN = ("fast-x4-tune", "fast-x4-pairs")
"""Recipes for somebody who has footage and a weekend."""


def _grouped(models: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names of recipes under their heads: by whom each is wanted, and by its network."""
    from vsr.models.catalog import USUAL

    usual = sorted(models, key=lambda name: (_rank(models[name]), name[:-1] != f"{models[name]}-x"))
    return {
        "To tune on your own footage": [name for name in OWN if name in models],
        "The networks that come with vsr": [
            name for name in usual if models[name] in USUAL and name not in OWN
        ],
        "Other networks, as in their papers": [name for name in usual if models[name] not in USUAL],
    }


def _rank(model: str) -> int:
    from vsr.models.catalog import USUAL

    return USUAL.index(model) if model in USUAL else len(USUAL)


FOLDER = click.Path(path_type=Path)


@click.command(short_help="Export a model from a run.")
@click.argument("run", type=FOLDER)
@click.option("--name", metavar="NAME", required=True, help="Name for --model.")
@click.option(
    "--to", "folder", type=FOLDER, help="Target folder; default: your models (see vsr models)."
)
@click.option(
    "--benchmark",
    "benchmarks",
    multiple=True,
    type=FOLDER,
    help="Measure it on this folder of images, for its card; repeatable.",
)
@click.option(
    "--licence",
    metavar="SPDX",
    default="NOASSERTION",
    show_default=True,
    help="SPDX identifier for the card.",
)
@click.option("--note", default="", help="Remark for the card.")
@click.option("--full", is_flag=True, help="Store single precision instead of half.")
@click.option("-y", "--overwrite", is_flag=True, help="Replace an existing model of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.option("-v", "--verbose", is_flag=True, help="Print tracebacks of errors.")
def export(
    run: Path,
    name: str,
    folder: Path | None,
    benchmarks: Sequence[Path],
    licence: str,
    note: str,
    full: bool,
    overwrite: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Write the averaged network of RUN, finished or not, with its model card.

    Afterwards, vsr upscale --model NAME finds it.
    """
    from vsr.jobs.export import ExportSpec
    from vsr.jobs.export import export as write

    spec = ExportSpec(
        run=run,
        name=name,
        folder=folder,
        benchmarks=tuple(benchmarks),
        licence=licence,
        note=note,
        is_half=not full,
        may_overwrite=overwrite,
    )
    exported = write(spec)
    scores = {data: dict(means) for data, means in exported.card.scores.items()}
    if as_json:
        emit({"event": "done", "path": str(exported.path), "scores": scores})
        return
    echo(exported.path)
    for data, means in scores.items():
        click.echo(f"  {data}: {means['psnr_y']:.2f} dB, SSIM {means['ssim_y']:.4f}")


for command in (prepare, teach, fit, resume, export):
    train.add_command(command)
