"""``vsr train fit`` and ``vsr train resume``."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vsr.cli.shared.report import emit
from vsr.cli.train.report import watch_for

if TYPE_CHECKING:
    from vsr.training.recipe.schedule import Budget
    from vsr.training.run.run_folder import RunFolder


Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path)

_RUN_OPTIONS = (
    click.option("--minutes", type=float, help="Train this long; the schedule ends exactly then."),
    click.option("--steps", type=int, help="Train this many steps, over all stages."),
    click.option("-d", "--device", default="auto", help="auto, cpu, cuda or cuda:N."),
    click.option(
        "--precision", type=click.Choice(["auto", "fp16", "bf16", "fp32"]), default="auto",
        help="Of the forward pass; auto is bf16 on CUDA and on a CPU that computes in it, else "
        "fp32. A resumed run keeps its precision.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON lines."),
    click.option("-q", "--quiet", is_flag=True, help="No progress."),
    click.option("-v", "--verbose", is_flag=True, help="Tracebacks on errors."),
)  # fmt: skip


def _run_options(command: Command) -> Command:
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Train a recipe from the start.")
@click.argument("recipe")
@click.option("--data", required=True, type=FOLDER, help="Data set made by vsr train prepare.")
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder for the run.")
@click.option("--init", metavar="NAME|FILE", help="Weights to start from.")
@click.option(
    "--benchmark",
    "benchmarks",
    multiple=True,
    type=FOLDER,
    help="Measure the result on this folder of images; repeatable.",
)
@click.option(
    "--perceptual-weights", type=FOLDER, help="VGG19 or MobileNetV2 file, for a perceptual loss."
)
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

    Ctrl-C writes a checkpoint and stops; vsr train resume continues exactly from there.
    """
    from vsr.jobs.process_setup import settle

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


@click.command(short_help="Resume a run.")
@click.argument("run", type=FOLDER)
@_run_options
def resume(run: Path, device: str, precision: Any, **options: Any) -> int:
    """Resume RUN from its last checkpoint, with a new budget if one is given."""
    from vsr.jobs.process_setup import settle

    settle()
    from vsr.jobs.train import resume as go_on

    budget = _budget(options)
    with stoppable() as should_stop, watch_for(options, should_stop) as watch:
        folder = go_on(run, budget, device, precision, watch)
    return _finished(folder, options)


def _budget(options: dict[str, Any]) -> Budget | None:
    from vsr.training.recipe.schedule import Budget

    steps, minutes = options["steps"], options["minutes"]
    if steps is None and minutes is None:
        return None
    return Budget(steps=steps, seconds=None if minutes is None else 60 * minutes)


def _finished(folder: RunFolder, options: dict[str, Any]) -> int:
    """Report where the run is and what it scores."""
    scores = {data: dict(means) for data, means in folder.read_scores().items()}
    if options["as_json"]:
        emit({"event": "done", "run": str(folder.path), "scores": scores})
    elif not options["quiet"]:
        for data, means in scores.items():
            click.echo(f"{data}: {means['psnr_y']:.2f} dB, SSIM {means['ssim_y']:.4f}")
        click.echo(f"Finished. Export it as a model: vsr train export {folder.path} --name NAME")
    return 0


SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether a first SIGINT or SIGTERM has arrived.

    A second one interrupts at once. On exit the previous handlers are restored.
    """
    wishes: list[int] = []

    def wish(number: int, frame: FrameType | None) -> None:
        del frame
        if wishes:
            raise KeyboardInterrupt
        wishes.append(number)

    before = {number: signal.signal(number, wish) for number in SIGNALS}
    try:
        yield lambda: bool(wishes)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
