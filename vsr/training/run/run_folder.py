"""The folder of one training run: what it is, its log, its checkpoints.

::

    RUN/
      run.json        `Run`: recipe, data, budget, which steps are finished
      recipe.toml     the recipe as it was at the start
      STEP.ckpt       the newest checkpoint of each step that learns
      log.csv         one line per log interval
      scores.json     what the evaluate step measured
      verdict.json    the result against the start, on patches held out; verdict.png shows some
      plot.png        loss and PSNR over steps
      validation/     pictures held out: low resolution, output, original; INDEX_STEP_STEPS.png
      lock            held while a process works on the run
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vsr.device.select import Chosen
from vsr.disk.locks import locked
from vsr.disk.publishing import published, writing
from vsr.errors import InvalidData, InvalidRecipe, OutputBusy, OutputExists
from vsr.metrics.protocol import MeanScores
from vsr.recipes.pipeline import Step
from vsr.recipes.read import decode
from vsr.training.recipe.recipe import Budget, Recipe, decode_recipe

RUN, RECIPE, LOG, PLOT = "run.json", "recipe.toml", "log.csv", "plot.png"
SCORES, LOCK = "scores.json", "lock"
VERDICT, VERDICT_PICTURE = "verdict.json", "verdict.png"
WRITTEN = (RECIPE, LOG, PLOT, SCORES, VERDICT, VERDICT_PICTURE, "*.ckpt", "*.safetensors")
"""Patterns of the files that a run writes, besides `RUN`, its lock and its images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run is.

    It changes only in ``finished`` and, when resumed with others, ``budget`` and the device.
    """

    recipe: str
    pipeline: tuple[Step, ...]
    data: str
    data_sha256: str
    init: str | None = None
    budget: Budget | None = None
    benchmarks: tuple[str, ...] = ()
    perceptual_weights: str | None = None
    device: str = ""
    precision: Chosen = "fp32"
    finished: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run on disk."""

    path: Path

    @classmethod
    def create(cls, path: Path, run: Run, recipe_text: str) -> RunFolder:
        """Start a run.

        Raises:
            OutputExists: there already is a run.
            UnwritableOutput, NoSpace: the folder cannot be created.
        """
        if (path / RUN).exists():
            other = cls(path).read()
            what = "a run of" if other.recipe == run.recipe else "a run of another recipe,"
            raise OutputExists(
                f"{path}: holds {what} '{other.recipe}'. Resume it with: vsr train resume {path}, "
                "or choose another --out."
            )
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
            (path / RECIPE).write_text(recipe_text, encoding="utf-8")
        folder = cls(path)
        folder.write(run)
        return folder

    def read(self) -> Run:
        """Return what the run is.

        Raises:
            InvalidData: not a run folder, or damaged.
        """
        try:
            table = json.loads((self.path / RUN).read_text(encoding="utf-8"))
            return decode(table, Run, RUN)
        except FileNotFoundError as error:
            raise InvalidData(
                f"{self.path}: not a training run. Check the path, or start one: vsr train fit."
            ) from error
        except (OSError, ValueError, TypeError, InvalidRecipe) as error:
            raise InvalidData(
                f"{self.path / RUN}: damaged ({error}). Start a new run in another folder."
            ) from error

    def recipe(self) -> Recipe:
        """Return the recipe as it was when the run started.

        Raises:
            InvalidData: it is gone.
            InvalidRecipe: it is no longer a valid recipe.
        """
        path = self.path / RECIPE
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidData(f"{path}: cannot be read. Start a new run.") from error
        return decode_recipe(text, str(path))

    def write(self, run: Run) -> None:
        """Write what the run is, atomically."""
        self._write(RUN, json.dumps(_without_none(asdict(run)), indent=1))

    def finish(self, step: str) -> None:
        """Record that a step is finished."""
        run = self.read()
        if step not in run.finished:
            self.write(replace(run, finished=(*run.finished, step)))

    def write_scores(self, scores: MeanScores) -> None:
        """Keep what was measured."""
        self._write(SCORES, json.dumps({name: dict(of) for name, of in scores.items()}, indent=1))

    def read_scores(self) -> MeanScores:
        """Return what was measured last; empty if nothing was."""
        path = self.path / SCORES
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def forget_scores(self) -> None:
        """Drop what was measured: the network trains on, and its scores are another network's."""
        for name in (SCORES, VERDICT, VERDICT_PICTURE):
            (self.path / name).unlink(missing_ok=True)

    def write_verdict(self, verdict: Any) -> None:
        """Keep the verdict, a dataclass."""
        self._write(VERDICT, json.dumps(asdict(verdict), indent=1))

    def checkpoint(self, step: str) -> Path:
        """Return the path of a step's checkpoint."""
        return self.path / f"{step}.ckpt"

    def begun(self, stages: Iterable[str]) -> list[str]:
        """Return which of the stages have a checkpoint, in order."""
        return [name for name in stages if self.checkpoint(name).exists()]

    @contextmanager
    def locked(self, *, is_needed: bool = True) -> Iterator[None]:
        """Hold the run for this process. The lock is released with the process, however it ends.

        Args:
            is_needed: False in a process whose peer holds the lock.

        Raises:
            OutputBusy: another process holds it.
        """
        if not is_needed:
            yield
            return
        with ExitStack() as stack:
            with writing(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
                try:
                    stack.enter_context(locked(self.path / LOCK))
                except BlockingIOError as error:
                    raise OutputBusy(
                        f"{self.path}: {error.strerror}. Wait for it, or stop it."
                    ) from error
            yield

    def _write(self, name: str, text: str) -> None:
        """Write a file of the run; the one before it stays until the new one is on the disk."""
        path = self.path / name
        with writing(path), published(path) as part:
            part.write_text(text, encoding="utf-8")


def _without_none(value: Any) -> Any:
    """Leave out what is not given: the decoder fills in the default."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value
