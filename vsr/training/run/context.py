"""What the steps of a run work with. Everything that differs between machines comes in here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from vsr.training.data.batches import BatchSource
from vsr.training.data.dataset import Patches
from vsr.training.recipe.recipe import Recipe
from vsr.training.run.run_folder import RunFolder
from vsr.training.run.team import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainProgress:
    """A line of the log, as it is written and shown.

    ``psnr`` is in dB on the pictures held out, where they were looked at; ``wait_share`` is the
    part of the time in which no step ran because its batch was being made; ``discriminator_loss``
    is None where there is no discriminator.
    """

    stage: str
    step: int
    share: float
    seconds: float
    loss: float
    learning_rate: float
    steps_per_second: float
    wait_share: float
    psnr: float | None = None
    discriminator_loss: float | None = None

    @property
    def seconds_left(self) -> float:
        """The time to the end of the budget at this pace; the stage's only."""
        return self.seconds * (1 - self.share) / self.share if self.share > 0 else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a step may use.

    Attributes:
        benchmarks: folders of true pictures for the `evaluate` step.
        clock: seconds that count against the budget.
        should_stop: asked after every step; True ends the run with a checkpoint.
    """

    folder: RunFolder
    recipe: Recipe
    patches: Patches
    source: BatchSource
    device: torch.device
    dtype: torch.dtype = torch.float32
    team: Team = field(default_factory=Team)
    benchmarks: tuple[Path, ...] = ()
    perceptual_weights: str | None = None
    clock: Callable[[], float] = time.monotonic
    should_stop: Callable[[], bool] = lambda: False
    on_progress: Callable[[TrainProgress], None] = field(default=lambda _: None)

    def autocast(self) -> torch.autocast:
        """Return the context in which the forward pass runs."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not torch.float32)
