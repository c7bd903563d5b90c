"""What a training run shows: a bar with loss, dB and time left, JSON lines, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

import click

from vsr.cli.shared.report import emit

if TYPE_CHECKING:
    from tqdm import tqdm

    from vsr.jobs.train import Watch
    from vsr.training.run.context import TrainProgress
    from vsr.training.run.run_folder import Run

BAR = "{desc} {percentage:5.1f}%|{bar}| {postfix}"


@contextmanager
def watch_for(options: dict[str, Any], should_stop: Callable[[], bool]) -> Iterator[Watch]:
    """Yield what the user asked to see of a run.

    Args:
        options: those of the command: ``as_json`` and ``quiet``.
    """
    from vsr.jobs.train import Watch

    if options["as_json"]:
        yield Watch(
            on_start=_start_line, on_note=_note_line, on_progress=_line, should_stop=should_stop
        )
    elif options["quiet"]:
        yield Watch(should_stop=should_stop)
    else:
        with closing(_StepBar()) as bar:
            yield Watch(
                on_start=bar.start, on_note=bar.note, on_progress=bar.show, should_stop=should_stop
            )


class _StepBar:
    """A line naming the recipe and device, then a bar; a refused run shows neither."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._psnr: float | None = None

    def start(self, run: Run) -> None:
        """Print what starts, and open the bar."""
        from tqdm import tqdm

        click.echo(f"{run.recipe} on {run.device}")
        self._bar = tqdm(total=1.0, bar_format=BAR, dynamic_ncols=True)

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        assert self._bar is not None
        self._bar.write(f"vsr: {text}", file=sys.stderr)

    def show(self, progress: TrainProgress) -> None:
        """Update the bar."""
        assert self._bar is not None
        self._psnr = self._psnr if progress.psnr is None else progress.psnr
        self._bar.n = progress.share
        self._bar.set_description_str(progress.stage, refresh=False)
        self._bar.set_postfix_str(_words(progress, self._psnr), refresh=True)

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()


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


def _line(progress: TrainProgress) -> None:
    emit({"event": "progress", **asdict(progress), "seconds_left": progress.seconds_left})


def _words(progress: TrainProgress, psnr: float | None) -> str:
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    quality = "" if psnr is None else f", {psnr:.2f} dB"
    return (
        f"step {progress.step}, loss {progress.loss:.5f}{quality}, "
        f"{progress.steps_per_second:.1f} steps/s, {minutes}:{seconds:02} left"
    )
