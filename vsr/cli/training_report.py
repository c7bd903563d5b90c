"""What a training run shows: a bar with loss, dB and time left, JSON lines, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from vsr.cli.report import emit

if TYPE_CHECKING:
    from vsr.jobs.train import Watch
    from vsr.training.context import Progress
    from vsr.training.run_folder import Run

BAR = "{desc} {percentage:5.1f}%|{bar}| {postfix}"


@contextmanager
def watch_for(options: dict[str, Any], should_stop: Callable[[], bool]) -> Iterator[Watch]:
    """Yield what the user asked to see of a run.

    Args:
        options: those of the command: ``as_json`` and ``quiet``.
    """
    from vsr.jobs.train import Watch

    if options["as_json"]:
        yield Watch(on_start=_start_line, on_progress=_line, should_stop=should_stop)
    elif options["quiet"]:
        yield Watch(should_stop=should_stop)
    else:
        from tqdm import tqdm

        with tqdm(total=1.0, bar_format=BAR, dynamic_ncols=True) as bar:
            psnr: list[float] = []

            def show(progress: Progress) -> None:
                if progress.psnr is not None:
                    psnr[:] = [progress.psnr]
                bar.n = progress.share
                bar.set_description_str(progress.stage, refresh=False)
                bar.set_postfix_str(_words(progress, psnr), refresh=True)

            yield Watch(on_start=_first_words, on_progress=show, should_stop=should_stop)


def _start_line(run: Run) -> None:
    emit(
        {
            "event": "start",
            "recipe": run.recipe,
            "device": run.device,
            "precision": run.precision,
        }
    )


def _first_words(run: Run) -> None:
    click.echo(f"{run.recipe} on {run.device}")


def _line(progress: Progress) -> None:
    emit({"event": "progress", **asdict(progress), "seconds_left": progress.seconds_left})


def _words(progress: Progress, psnr: list[float]) -> str:
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    quality = f", {psnr[0]:.2f} dB" if psnr else ""
    return (
        f"step {progress.step}, loss {progress.loss:.5f}{quality}, "
        f"{progress.steps_per_second:.1f} steps/s, {minutes}:{seconds:02} left"
    )
