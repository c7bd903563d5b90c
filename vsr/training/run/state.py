"""Everything that a training step changes, and its checkpoint.

There is no random state in it: the crops of a step, and all else that is drawn, are functions of
the recipe's seed and the step's number (`dataset.Patches.draw`).
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vsr.disk.publishing import published, writing
from vsr.errors import InvalidCheckpoint

EMA_RAMP = 10
"""The average starts short, as (1 + n) / (10 + n), so that the random start is soon forgotten."""


class Average:
    """An exponential moving average of a network's parameters and floating-point buffers."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self._live = [value for value in net.state_dict().values() if value.is_floating_point()]
        self.values = [value.clone() for value in self._live]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the network as it is after ``step`` steps."""
        decay = min(self.decay, (1 + step) / (EMA_RAMP + step))
        torch._foreach_lerp_(self.values, self._live, 1.0 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the average and the network's own values; again, and all is as before."""
        for mine, live in zip(self.values, self._live, strict=True):
            held = mine.clone()
            mine.copy_(live)
            live.copy_(held)

    @torch.no_grad()
    def restore(self, values: list[Tensor]) -> None:
        """Take the values of a checkpoint."""
        for mine, value in zip(self.values, values, strict=True):
            mine.copy_(value)


@dataclass(slots=True)
class DiscriminatorState:
    """The discriminator of an adversarial stage.

    ``loss_sum`` is of its loss since the last line of the log; ``relative_rate`` is its learning
    rate over the generator's.
    """

    net: nn.Module
    optimiser: torch.optim.Optimizer
    loss_sum: Tensor
    relative_rate: float = 1.0

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint holds of it."""
        return {
            "net": self.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "loss_sum": self.loss_sum,
        }

    def load_state_dict(self, table: dict[str, Any]) -> None:
        """Take what a checkpoint holds."""
        self.net.load_state_dict(table["net"])
        self.optimiser.load_state_dict(table["optimiser"])
        self.loss_sum = table["loss_sum"]


@dataclass(slots=True)
class TrainState:
    """The state of one stage.

    ``seconds`` is the time spent up to the last checkpoint; ``loss_sum`` and ``loss_count`` are
    what has gathered since the last line of the log, so that a resumed log has the same figures.
    ``start_psnr`` is that of an adversarial stage before its first step.
    """

    net: nn.Module
    average: Average
    optimiser: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    loss_sum: Tensor
    discriminator: DiscriminatorState | None = None
    loss_count: int = 0
    step: int = 0
    seconds: float = 0.0
    best_psnr: float = 0.0
    start_psnr: float | None = None

    def mean_loss(self) -> float:
        """Return the mean loss since the last line of the log."""
        return float(self.loss_sum) / self.loss_count

    def mean_discriminator_loss(self) -> float | None:
        """Return the same of the discriminator, where there is one."""
        return float(self.discriminator.loss_sum) / self.loss_count if self.discriminator else None

    def begin_line(self) -> None:
        """Begin the next line of the log."""
        self.loss_sum.zero_()
        if self.discriminator:
            self.discriminator.loss_sum.zero_()
        self.loss_count = 0

    def is_finite(self) -> bool:
        """Return whether all weights and statistics are finite, the discriminator's too."""
        nets = [self.net, self.discriminator.net] if self.discriminator else [self.net]
        values = [value for net in nets for value in net.state_dict().values()]
        values += self.average.values
        return bool(torch.stack([torch.isfinite(value).all() for value in values]).all())

    def save(self, path: Path) -> None:
        """Write a checkpoint. It takes its name when it is whole and on the disk.

        Raises:
            NoSpace, UnwritableOutput: the checkpoint before it is untouched.
        """
        tensors = {
            "net": self.net.state_dict(),
            "average": self.average.values,
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "loss_sum": self.loss_sum,
            "loss_count": self.loss_count,
            "step": self.step,
            "seconds": self.seconds,
            "best_psnr": self.best_psnr,
            "start_psnr": self.start_psnr,
            "discriminator": self.discriminator.state_dict() if self.discriminator else None,
        }
        write_checkpoint(path, tensors)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            InvalidCheckpoint: unreadable, or of another network.
        """
        table = read_checkpoint(path, self.loss_sum.device)
        try:
            self.net.load_state_dict(table["net"])
            self.optimiser.load_state_dict(table["optimiser"])
            self.average.restore(table["average"])
            if table["scaler"]:  # empty of a run that was not in fp16
                self.scaler.load_state_dict(table["scaler"])
            self.loss_sum, self.loss_count = table["loss_sum"], table["loss_count"]
            self.step, self.seconds = table["step"], table["seconds"]
            self.best_psnr, self.start_psnr = table["best_psnr"], table["start_psnr"]
            if self.discriminator:
                self.discriminator.load_state_dict(table["discriminator"])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InvalidCheckpoint(
                f"{path}: does not fit the run's recipe. Undo what was changed there, or start a "
                "new run."
            ) from error


def write_checkpoint(path: Path, table: dict[str, Any]) -> None:
    """Write with `torch.save`; the file before it stays until the new one is on the disk.

    Raises:
        NoSpace, UnwritableOutput: the file before it is untouched.
    """
    with writing(path), published(path) as part, part.open("wb") as file:
        try:
            torch.save(table, file)
        except RuntimeError as error:  # torch's word for a short write
            raise OSError(ENOSPC, str(error)) from error


def read_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    """Read what `write_checkpoint` wrote; tensors and plain values only, never code."""
    try:
        table: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise InvalidCheckpoint(f"{path}: unreadable. Start a new run.") from error
    return table
