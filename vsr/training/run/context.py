"""What the steps of a run work with. Everything that differs between machines comes in here.

Several processes that train one network are what ``torchrun`` set up, as one value.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from vsr.device.select import Device, is_bf16_native, select
from vsr.errors import InvalidOption
from vsr.specs import Precision
from vsr.training.data.batches import BatchSource
from vsr.training.data.dataset import Patches
from vsr.training.recipe.recipe import Budget, Recipe
from vsr.training.run.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Team:
    """The processes that train one network together; this one is ``rank`` of ``count``."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """The process that writes."""
        return self.rank == 0

    def check_divides(self, batch: int) -> None:
        """Refuse a batch that cannot be shared out evenly.

        Raises:
            InvalidOption: it is not a multiple of the number of processes.
        """
        if batch % self.count:
            raise InvalidOption(
                f"a batch of {batch} cannot be divided among {self.count} processes. Change the "
                "recipe's batch, or --nproc-per-node."
            )

    def wrapped(self, net: nn.Module) -> nn.Module:
        """Return a network whose gradients are averaged over the team."""
        return DistributedDataParallel(net) if self.count > 1 else net

    def average_gradients(self, net: nn.Module) -> None:
        """Average the gradients of a network that is not wrapped."""
        if self.count == 1:
            return
        for parameter in net.parameters():
            if parameter.grad is not None:
                distributed.all_reduce(parameter.grad)
                parameter.grad /= self.count

    def agreed(self, is_wanted: bool, device: torch.device) -> bool:
        """Return whether any process of the team wants to stop; all get the same answer."""
        if self.count == 1:
            return is_wanted
        votes = torch.tensor(float(is_wanted), device=device)
        distributed.all_reduce(votes)
        return bool(votes > 0)

    def slowest(self, seconds: float, device: torch.device) -> float:
        """Return the largest of the team's clocks, so that all spend one budget."""
        if self.count == 1:
            return seconds
        clock = torch.tensor(seconds, dtype=torch.float64, device=device)
        distributed.all_reduce(clock, distributed.ReduceOp.MAX)
        return float(clock)


def training_device(
    name: str, precision: Precision, is_bf16_native: Callable[[], bool] = is_bf16_native
) -> Device:
    """Return the device of this process.

    Where ``torchrun`` started several, each has a GPU of its own. The precision that ``auto``
    stands for is bf16, whose range needs no scaling of the loss, on CUDA and on a CPU that
    computes in it; weights, average and optimiser stay in fp32.

    Raises:
        InvalidOption, DeviceUnavailable: as `vsr.device.select.select`.
    """
    if precision in ("int8", "autocast"):
        raise InvalidOption(
            f"--precision {precision}: for upscaling. Choose auto, fp32, bf16 or fp16."
        )
    is_bf16 = precision == "bf16"
    chosen = select(name, "auto" if is_bf16 else precision)
    if chosen.is_cuda:
        index = int(os.environ.get("LOCAL_RANK", chosen.index))
        is_bf16 |= precision == "auto"
        return replace(chosen, index=index, precision="bf16" if is_bf16 else chosen.precision)
    is_bf16 |= precision == "auto" and is_bf16_native()
    return replace(chosen, precision="bf16") if is_bf16 else chosen


@contextmanager
def joined(device: Device) -> Iterator[Team]:
    """Join the team that ``torchrun`` started; alone, there is nothing to join."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Team()
        return
    if device.is_cuda:
        distributed.init_process_group("nccl", device_id=device.torch_device)
    else:
        distributed.init_process_group("gloo")
    try:
        yield Team(distributed.get_rank(), count)
    finally:
        distributed.destroy_process_group()


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


Values_co = TypeVar("Values_co", covariant=True)


@dataclass(frozen=True, slots=True)
class StepRun(Generic[Values_co]):
    """One step of the pipeline, as it is run.

    Attributes:
        name: what the pipeline calls it.
        values: of the recipe, for this step.
        budget: what it may spend, where it learns.
    """

    context: Context
    name: str
    values: Values_co
    budget: Budget | None = None
