"""``vsr train``: recipes, prepare, fit, resume, export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vsr.cli.report import emit
from vsr.cli.stop import stoppable
from vsr.cli.table import echo_table
from vsr.cli.training_report import watch_for
from vsr.errors import InvalidOption

if TYPE_CHECKING:
    from vsr.training.run_folder import RunFolder
    from vsr.training.schedule import Budget

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path)

_RUN_OPTIONS = (
    click.option("--minutes", type=float, help="Train so long; the schedule ends exactly then."),
    click.option("--steps", type=int, help="Train so many steps, over all stages."),
    click.option("-d", "--device", default="auto", help="auto, cpu, cuda or cuda:N."),
    click.option(
        "--precision", type=click.Choice(["auto", "fp16", "bf16", "fp32"]), default="auto",
        help="Of the forward pass; auto is bf16 on CUDA, fp32 on the CPU.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON lines."),
    click.option("-q", "--quiet", is_flag=True, help="No progress."),
    click.option("-v", "--verbose", is_flag=True, help="Tracebacks on errors."),
)  # fmt: skip


def _run_options(command: Command) -> Command:
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


@click.group(invoke_without_command=True, short_help="Train a network; alone, list the recipes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each recipe.")
@click.pass_context
def train(context: click.Context, as_json: bool) -> None:
    """Train the networks, or tune one to your own pictures.

    \b
      vsr train                                     list the recipes
      vsr train prepare photos/ --out data/
      vsr train fit fast-x4 --data data/ --out run/ --minutes 25
      vsr train resume run/
      vsr train export run/ --name mine
      vsr upscale in.mp4 out.mp4 --model mine

    Your own recipes are TOML files in $VSR_HOME/presets/train, else ~/.config/vsr/presets/train.
    Several GPUs: torchrun --nproc-per-node N --no-python vsr train fit ...
    """  # noqa: D301 - click reads the mark
    if context.invoked_subcommand is not None:
        return
    from vsr.training.recipe import every_recipe

    every = every_recipe()
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
        return
    rows = [(name, f"×{r.scale}", r.pipeline, r.description) for name, r in every.items()]
    echo_table(("recipe", "scale", "pipeline", "what"), rows)


@train.command(short_help="Make patches of folders of pictures and videos.")
@click.argument("data", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--out", required=True, type=FOLDER, help="The folder to make.")
@click.option(
    "--patch", type=int, default=256, help="Side of a patch in pixels.", show_default=True
)
@click.option("--scale", "scales", type=int, multiple=True, help="Repeatable; 2 and 4 if left out.")
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="PATTERN=W",
    help="Draw from files of this name less (0.3) or more (2) often; may be repeated.",
)
@click.option("--frames-per-video", type=int, default=16, show_default=True, help="Evenly spread.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no report.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Name every skipped file; tracebacks on errors."
)
def prepare(
    data: tuple[Path, ...],
    out: Path,
    patch: int,
    scales: tuple[int, ...],
    weights: tuple[str, ...],
    frames_per_video: int,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Cut DATA, folders or files, into checked patches without doubles, and reduce them.

    Ends with 3 if files were skipped; the report names them.
    """
    from tqdm import tqdm

    from vsr.training.prepare import PrepareSpec
    from vsr.training.prepare import prepare as run

    spec = PrepareSpec(
        sources=data,
        out=out,
        patch=patch,
        scales=scales or (2, 4),
        weights=tuple(_weight(text) for text in weights),
        frames_per_video=frames_per_video,
    )
    with tqdm(desc="prepare", unit=" files", disable=quiet or as_json) as bar:

        def on_file(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        manifest = run(spec, on_file)
    if as_json:
        emit({"event": "done", "out": str(out), **manifest.summary()})
    elif not quiet:
        click.echo(f"{out}: {manifest.count} patches of {patch}×{patch}, {manifest.sources} files")
        for line in manifest.losses(is_detailed=verbose):
            click.echo(f"  {line}")
    return 3 if manifest.skipped else 0


@train.command(short_help="Train a recipe from its start.")
@click.argument("recipe")
@click.option("--data", required=True, type=FOLDER, help="What vsr train prepare made.")
@click.option("-o", "--out", required=True, type=FOLDER, help="The run's folder.")
@click.option("--init", metavar="NAME|FILE", help="Weights to start from: tune, or grow.")
@click.option(
    "--benchmark",
    "benchmarks",
    multiple=True,
    type=FOLDER,
    help="Measure the result on this folder of pictures; may be repeated.",
)
@click.option("--perceptual-weights", type=FOLDER, help="For recipes with a perceptual loss.")
@_run_options
def fit(
    recipe: str,
    data: Path,
    out: Path,
    init: str | None,
    benchmarks: tuple[Path, ...],
    perceptual_weights: Path | None,
    device: str,
    precision: Any,
    **options: Any,
) -> int:
    """Train RECIPE (see vsr train) on prepared data.

    Ctrl-C writes a checkpoint and stops; vsr train resume goes on, to the last digit.
    """
    from vsr.jobs.program import settle

    settle()
    from vsr.jobs.train import FitSpec
    from vsr.jobs.train import fit as run

    spec = FitSpec(
        recipe=recipe,
        data=data,
        out=out,
        init=init,
        budget=_budget(options),
        device=device,
        precision=precision,
        benchmarks=benchmarks,
        perceptual_weights=perceptual_weights,
    )
    with stoppable() as should_stop, watch_for(options, should_stop) as watch:
        folder = run(spec, watch)
    return _finished(folder, options)


@train.command(short_help="Go on with a run.")
@click.argument("run", type=FOLDER)
@_run_options
def resume(run: Path, device: str, precision: Any, **options: Any) -> int:
    """Go on with RUN where its last checkpoint is; with another budget, if one is given."""
    from vsr.jobs.program import settle

    settle()
    from vsr.jobs.train import resume as go_on

    budget = _budget(options)
    with stoppable() as should_stop, watch_for(options, should_stop) as watch:
        folder = go_on(run, budget, device, precision, watch)
    return _finished(folder, options)


@train.command(short_help="Make a model of a run.")
@click.argument("run", type=FOLDER)
@click.option("--name", required=True, help="What --model will call it.")
@click.option("--to", "folder", type=FOLDER, help="Another folder than that of your models.")
@click.option(
    "--benchmark",
    "benchmarks",
    multiple=True,
    type=FOLDER,
    help="Measure it on this folder of pictures, for its card; may be repeated.",
)
@click.option("--licence", default="NOASSERTION", show_default=True, help="SPDX, for the card.")
@click.option("--note", default="", help="For the card.")
@click.option("--full", is_flag=True, help="Single precision instead of half.")
@click.option("-y", "--overwrite", is_flag=True, help="Replace a model of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.option("-v", "--verbose", is_flag=True, help="Tracebacks on errors.")
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
    """Write the averaged network of RUN, finished or not, with its card.

    Afterwards vsr upscale --model NAME knows it.
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
    click.echo(f"{exported.path}")
    for data, means in scores.items():
        click.echo(f"  {data}: {means['psnr_y']:.2f} dB, SSIM {means['ssim_y']:.4f}")


def _budget(options: dict[str, Any]) -> Budget | None:
    from vsr.training.schedule import Budget

    steps, minutes = options["steps"], options["minutes"]
    if steps is None and minutes is None:
        return None
    return Budget(steps=steps, seconds=None if minutes is None else 60 * minutes)


def _finished(folder: RunFolder, options: dict[str, Any]) -> int:
    """Say where the run lies and what it measures."""
    scores = {data: dict(means) for data, means in folder.read_scores().items()}
    if options["as_json"]:
        emit({"event": "done", "run": str(folder.path), "scores": scores})
    elif not options["quiet"]:
        for data, means in scores.items():
            click.echo(f"{data}: {means['psnr_y']:.2f} dB, SSIM {means['ssim_y']:.4f}")
        click.echo(f"Finished. Make a model of it: vsr train export {folder.path} --name NAME")
    return 0


def _weight(text: str) -> tuple[str, float]:
    pattern, separator, number = text.rpartition("=")
    try:
        return (pattern, float(number)) if separator and pattern else _no_weight(text)
    except ValueError:
        return _no_weight(text)


def _no_weight(text: str) -> tuple[str, float]:
    raise InvalidOption(f"--weight {text}: write PATTERN=NUMBER, such as 'drone_*=0.3'.")
