"""The loop of a stage that learns: draw, step, log, check, until the budget is spent.

Divergence and collapse: when a stage must stop, and the error that says so.

A stage can be lost although its losses are finite, so two more things are checked with every
validation. The averaged network's PSNR may fall, as it should against a discriminator, but not
without limit: far below where it was, the network makes noise or a flat image. And the
discriminator's loss must not stay at 0: it is then certain of every image, and its gradient no
longer guides the generator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from time import perf_counter
from typing import Any

from torch import Tensor

from vsr.errors import Interrupted, TrainingDiverged
from vsr.training.data.batches import Batch
from vsr.training.recipe.recipe import Budget, learning_rate
from vsr.training.recipe.values import Optimisation
from vsr.training.run.context import Context, StepRun, TrainProgress
from vsr.training.run.log import append, read, rewind, write_plot
from vsr.training.run.run_folder import PLOT, RECIPE
from vsr.training.run.state import TrainState

PINNED = 1e-4
"""A discriminator's loss below this, averaged over a line of the log, counts as 0."""

LARGEST_FALL_DB = 15.0
"""The largest fall of a pixel stage's PSNR below its best. Batch norm on tiny batches alone moves
it by up to 7."""


def collapse(
    psnr: float, reference_psnr: float, largest_fall_db: float, discriminator_loss: float = 1.0
) -> str | None:
    """Return why a stage has collapsed, as part of a sentence; None if it has not.

    Args:
        psnr: the averaged network's, in dB.
        reference_psnr: what it is compared with, in dB.
        largest_fall_db: how far PSNR may fall below that.
        discriminator_loss: averaged since the previous line of the log.
    """
    if not psnr >= reference_psnr - largest_fall_db:  # NaN too
        return f"PSNR fell from {reference_psnr:.2f} to {psnr:.2f} dB"
    if discriminator_loss < PINNED:
        return f"the discriminator's loss is pinned at 0 ({discriminator_loss:.1e})"
    return None


def diverged(
    stage: StepRun[Any], state: TrainState, why: str = "its loss or weights are not finite"
) -> TrainingDiverged:
    """Return the error of a stage that cannot go on; it names the run's last good checkpoint."""
    folder = stage.context.folder
    begun = folder.begun(step.name for step in folder.read().pipeline)
    good = "there is no checkpoint yet"
    if begun:
        good = f"the last good checkpoint is {folder.checkpoint(begun[-1])}"
    return TrainingDiverged(
        f"{folder.path}: stage '{stage.name}' diverged before step {state.step}: {why}; {good}. "
        f"Lower learning_rate or set clip in {folder.path / RECIPE}, then: "
        f"vsr train resume {folder.path}"
    )


Learn = Callable[[TrainState, Batch], Tensor]
"""One update of the weights; returns the loss, not read back from the device."""

Check = Callable[[TrainState], float]
"""Validates the averaged network: PSNR in dB."""


@dataclass(slots=True)
class _Pace:
    """How the time was spent since the last line of the log."""

    started: float = field(default_factory=perf_counter)
    waited: float = 0.0
    steps: int = 0

    def figures(self) -> tuple[float, float]:
        """Return (steps per second, share of the time spent making batches)."""
        spent = max(perf_counter() - self.started, 1e-9)
        return self.steps / spent, self.waited / spent


def train(stage: StepRun[Optimisation], state: TrainState, learn: Learn, check: Check) -> None:
    """Spend what is left of the budget. The last act is a check and a checkpoint.

    Raises:
        TrainingDiverged: the loss is not finite, or ``check`` says so.
        Interrupted: ``should_stop`` said so; a checkpoint is written first.
    """
    context, values, budget = stage.context, stage.values, stage.budget
    assert budget is not None  # a stage has one
    start, seconds_before = context.clock(), state.seconds
    pace = _Pace()
    if budget.progress(state.step, state.seconds) < 1:
        _forget_what_comes(stage, state)
    while (share := budget.progress(state.step, state.seconds)) < 1:
        rate = learning_rate(
            values.learning_rate, share, state.step, values.warm_up_steps, values.schedule
        )
        _set_rate(state, rate)
        batch = _next_batch(stage, state, pace)
        state.loss_sum += learn(state, batch)
        state.step += 1
        state.loss_count += 1
        pace.steps += 1
        state.average.update(state.step)
        state.seconds = seconds_before + _spent(context, budget, start)
        is_last = budget.progress(state.step, state.seconds) >= 1
        is_check = state.step % values.check_steps == 0 or is_last
        if is_check or state.step % values.log_steps == 0:
            _log(stage, state, rate, pace, check if is_check else None)
            pace = _Pace()
        if context.team.agreed(context.should_stop(), context.device):
            _save(stage, state)
            raise Interrupted(
                f"stopped at step {state.step}. Go on with: vsr train resume {context.folder.path}"
            )


def _forget_what_comes(stage: StepRun[Any], state: TrainState) -> None:
    """Drop what the stage will log and score again."""
    context = stage.context
    if context.team.is_first:
        context.folder.forget_scores()
        rewind(context.folder, stage.name, state.step)


def _spent(context: Context, budget: Budget, start: float) -> float:
    """Return the seconds since ``start``; the slowest process's, where they are the budget."""
    seconds = float(context.clock() - start)
    return context.team.slowest(seconds, context.device) if budget.seconds else seconds


def _set_rate(state: TrainState, rate: float) -> None:
    for group in state.optimiser.param_groups:
        group["lr"] = rate


def _next_batch(stage: StepRun[Optimisation], state: TrainState, pace: _Pace) -> Batch:
    """Make this process's part of the step's batch."""
    asked, context, values = perf_counter(), stage.context, stage.values
    crops = context.patches.draw(context.recipe.seed, state.step, values.batch, values.patch)
    team = context.team
    batch = context.source(crops.part(team.rank, team.count), values.patch)
    pace.waited += perf_counter() - asked
    return batch


def _log(
    stage: StepRun[Any], state: TrainState, rate: float, pace: _Pace, check: Check | None
) -> None:
    """Guard against divergence and log; when a check is due, validate and save."""
    context, budget = stage.context, stage.budget
    assert budget is not None  # a stage has one
    loss, discriminator_loss = state.mean_loss(), state.mean_discriminator_loss()
    if not isfinite(loss) or not isfinite(discriminator_loss or 0.0):
        raise diverged(stage, state)
    pace_figures = pace.figures()
    psnr = None
    if check is not None and context.team.is_first:
        psnr = check(state)
        state.best_psnr = max(state.best_psnr, psnr)
    state.begin_line()
    line = TrainProgress(
        stage=stage.name,
        step=state.step,
        share=budget.progress(state.step, state.seconds),
        seconds=state.seconds,
        loss=loss,
        learning_rate=rate,
        steps_per_second=pace_figures[0],
        wait_share=pace_figures[1],
        psnr=psnr,
        discriminator_loss=discriminator_loss,
    )
    if context.team.is_first:
        append(context.folder, line)
        context.on_progress(line)
    if check is not None:
        _save(stage, state)
        if context.team.is_first:
            write_plot(read(context.folder), context.folder.path / PLOT)


def _save(stage: StepRun[Any], state: TrainState) -> None:
    """Write a checkpoint, but never replace a good one by weights that are not finite."""
    if not state.is_finite():
        raise diverged(stage, state)
    if stage.context.team.is_first:
        state.save(stage.context.folder.checkpoint(stage.name))
