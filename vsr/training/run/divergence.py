"""Divergence and collapse: when a stage must stop, and the error that says so.

A stage can be lost although its losses are finite, so two more things are checked with every
validation. The averaged network's PSNR may fall, as it should against a discriminator, but not
without limit: far below where it was, the network makes noise or a flat image. And the
discriminator's loss must not stay at 0: it is then certain of every image, and its gradient no
longer guides the generator.
"""

from __future__ import annotations

from vsr.errors import TrainingDiverged
from vsr.training.run.context import Context
from vsr.training.run.run_folder import RECIPE
from vsr.training.run.state import TrainState

PINNED = 1e-4
"""A discriminator's loss below this, averaged over a line of the log, counts as 0."""

LARGEST_FALL_DB = 15.0
"""Of a pixel stage's PSNR below its best. Batch norm on tiny batches alone moves it by up to 7."""


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
    context: Context, stage: str, state: TrainState, why: str = "its loss or weights are not finite"
) -> TrainingDiverged:
    """Return the error of a stage that cannot go on; it names the run's last good checkpoint."""
    folder = context.folder
    begun = folder.begun(step.name for step in folder.read().pipeline)
    good = "there is no checkpoint yet"
    if begun:
        good = f"the last good checkpoint is {folder.checkpoint(begun[-1])}"
    return TrainingDiverged(
        f"{folder.path}: stage '{stage}' diverged before step {state.step}: {why}; {good}. "
        f"Lower learning_rate or set clip in {folder.path / RECIPE}, then: "
        f"vsr train resume {folder.path}"
    )
