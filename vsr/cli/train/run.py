"""``vsr train fit`` and ``vsr train resume``, and what a run shows."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vsr.cli.shared.completion import complete_model, complete_recipe
from vsr.cli.shared.lines import columns, echo, echo_lines, say
from vsr.cli.shared.report import emit
from vsr.cli.shared.status_line import StatusLine
from vsr.cli.shared.values import Number, OneOf, Whole, Word
from vsr.errors import Interrupted, code_of_signal
from vsr.jobs.ending import ENDING
from vsr.jobs.estimate.figures import duration

if TYPE_CHECKING:
    from vsr.jobs.train import Watch
    from vsr.training.recipe.recipe import Budget
    from vsr.training.run.context import TrainProgress
    from vsr.training.run.run_folder import Run, RunFolder
    from vsr.training.run.verdict import Verdict


Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path)

_RUN_OPTIONS = (
    click.option(
        "--minutes", type=Number(), help="Train this long; the schedule ends exactly then."
    ),
    click.option("--steps", type=Whole(), help="Train this many steps, over all stages."),
    click.option(
        "-d", "--device", type=Word(), default="auto", help="Device: auto, cpu, cuda or cuda:N."
    ),
    click.option(
        "--precision", type=OneOf(["auto", "fp16", "bf16", "fp32"]), default="auto",
        help="Precision of the forward pass; auto is bf16 on CUDA and on a CPU that computes in "
        "it, else fp32. A resumed run keeps its precision.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON lines."),
    click.option("-q", "--quiet", is_flag=True, help="Print no progress."),
    click.option("-v", "--verbose", is_flag=True, help="Print tracebacks of errors."),
)  # fmt: skip


def _run_options(command: Command) -> Command:
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Train a recipe from the start.")
@click.argument("recipe", shell_complete=complete_recipe("presets/train"))
@click.option("--data", required=True, type=FOLDER, help="Data set made by vsr train prepare.")
@click.option("-o", "--out", required=True, type=FOLDER, help="Folder for the run.")
@click.option(
    "--init", metavar="NAME|FILE", help="Weights to start from.", shell_complete=complete_model
)
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
    from vsr.training.run.run_folder import RunFolder

    RunFolder(run).read()  # before torch is loaded
    from vsr.jobs.train import resume as go_on

    budget = _budget(options)
    with stoppable() as should_stop, watch_for(options, should_stop) as watch:
        folder = go_on(run, budget, device, precision, watch)
    return _finished(folder, options)


def _budget(options: dict[str, Any]) -> Budget | None:
    from vsr.training.recipe.recipe import Budget

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
        echo(f"Finished. Export it as a model: vsr train export {folder.path} --name NAME")
    return 0


SIGNALS = (signal.SIGINT, *(getattr(signal, name) for name in ENDING if hasattr(signal, name)))


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether a first signal of `SIGNALS` has arrived.

    A second one interrupts at once. On exit the previous handlers are restored. A shell that starts
    it in the background lets it ignore Ctrl-C, which is heard all the same; ``nohup`` is obeyed.
    """
    wishes: list[int] = []

    def wish(number: int, frame: FrameType | None) -> None:
        del frame
        if wishes:
            raise KeyboardInterrupt
        wishes.append(number)

    ignored = {one for one in SIGNALS[1:] if signal.getsignal(one) is signal.SIG_IGN}
    before = {one: signal.signal(one, wish) for one in SIGNALS if one not in ignored}
    try:
        yield lambda: bool(wishes)
    except Interrupted as error:
        error.exit_code = code_of_signal(wishes[0]) if wishes else error.exit_code
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def watch_for(options: dict[str, Any], should_stop: Callable[[], bool]) -> Iterator[Watch]:
    """Yield what the user asked to see of a run.

    Args:
        options: those of the command: ``as_json`` and ``quiet``.
    """
    from vsr.jobs.train import Watch

    if options["as_json"]:
        yield Watch(
            on_start=_start_line,
            on_note=_note_line,
            on_progress=_line,
            on_verdict=_verdict_line,
            should_stop=should_stop,
        )
    elif options["quiet"]:
        yield Watch(should_stop=should_stop)
    else:
        with closing(_StepLine()) as line:
            yield Watch(
                on_start=line.start,
                on_note=line.note,
                on_progress=line.show,
                on_verdict=line.end,
                should_stop=should_stop,
            )


class _StepLine:
    """A line naming the recipe and device, then the status line; without a step there is none."""

    def __init__(self) -> None:
        self._label = ""
        self._line: StatusLine | None = None
        self._psnr: float | None = None

    def start(self, run: Run) -> None:
        """Print what starts."""
        click.echo(f"{run.recipe} on {run.device}")
        self._label = run.recipe

    def note(self, text: str) -> None:
        """Print a line, above the status line if there is one."""
        if self._line is None:
            say(text)
        else:
            self._line.note(text)

    def show(self, progress: TrainProgress) -> None:
        """Update the status line."""
        if self._line is None:
            self._line = StatusLine(self._label, columns)
        self._psnr = self._psnr if progress.psnr is None else progress.psnr
        parts = _figures(progress, self._psnr)
        self._line.show(progress.stage, parts, is_news=progress.share >= 1)

    def end(self, verdict: Verdict) -> None:
        """Take the line away, and print the verdict."""
        self.close()
        echo_lines(verdict.words())

    def close(self) -> None:
        """Take the line away."""
        if self._line is not None:
            self._line.close()


def _start_line(run: Run) -> None:
    emit(
        {
            "event": "start",
            "recipe": run.recipe,
            "device": run.device,
            "precision": run.precision,
        }
    )


def _note_line(text: str) -> None:
    emit({"event": "note", "message": text})


def _verdict_line(verdict: Verdict) -> None:
    emit({"event": "verdict", "judgement": verdict.judgement, **asdict(verdict)})


def _line(progress: TrainProgress) -> None:
    emit({"event": "progress", **asdict(progress), "seconds_left": progress.seconds_left})


def _figures(progress: TrainProgress, psnr: float | None) -> list[str]:
    quality = [] if psnr is None else [f"{psnr:.2f} dB"]
    left = [f"{duration(progress.seconds_left)} left"] if 0 < progress.share < 1 else []
    return [
        f"{100 * min(progress.share, 1):.0f}%",
        f"step {progress.step}",
        *left,
        f"loss {progress.loss:.5f}",
        *quality,
        f"{progress.steps_per_second:.1f} steps/s",
    ]
