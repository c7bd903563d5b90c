"""The minimum cost of a frame: operations and bytes, set against a device's ceilings.

Each convolution is counted separately: it reads its input and weights and writes its output, and
takes the longer of computing and moving. Batch norm, activations, additions and pixel shuffles
count as fused into their neighbours. An engine that keeps features on the chip from one
convolution to the next can be faster than this.

The ceilings are measured: how fast the device multiplies large matrices and copies a large array.

Source: Williams, Waterman, Patterson, "Roofline", CACM 52(4), 2009.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vsr.device.select import Device
from vsr.jobs.upscale.job import Job
from vsr.values import Size

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vsr.models.catalog import Model

PROBE_SIDE = 16
"""The side of the image that is sent through a network to see its layers."""


MATMUL_SIDE_CPU, MATMUL_SIDE_CUDA = 1024, 8192
COPIED_FLOATS = 1 << 26
"""256 MB: more than any cache."""

TRIALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What a device reaches at best.

    Attributes:
        operations_per_second: a multiply-accumulate counts as two.
        bytes_per_second: read and written both count.
    """

    operations_per_second: float
    bytes_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one convolution does for one frame; a multiply-accumulate is two operations."""

    operations: float
    bytes_moved: float

    def seconds(self, ceilings: Ceilings) -> float:
        """Return the minimum time that this takes."""
        return max(
            self.operations / ceilings.operations_per_second,
            self.bytes_moved / ceilings.bytes_per_second,
        )


def costs_of(model: Model, source: Size, bytes_per_value: int) -> tuple[Cost, ...]:
    """Return the cost of each convolution for a frame of that size; none for ``bicubic``."""
    import torch

    if model.net is None:
        return ()
    frames_per_probe = source.pixels / PROBE_SIDE**2
    costs: list[Cost] = []

    def note(conv: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        costs.append(_cost(conv, inputs[0], output, frames_per_probe, bytes_per_value))

    convs: list[Any] = [m for m in model.net.modules() if isinstance(m, torch.nn.Conv2d)]
    hooks = [conv.register_forward_hook(note) for conv in convs]
    channels = 3 if model.traits.colour == "rgb" else 1
    try:
        with torch.inference_mode():
            model.net(torch.zeros(1, channels, PROBE_SIDE, PROBE_SIDE))
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(costs)


def _cost(
    conv: nn.Conv2d, taken: Tensor, given: Tensor, frames_per_probe: float, bytes_per_value: int
) -> Cost:
    weights = conv.weight.numel()
    macs = given.numel() * weights // conv.out_channels
    values = (taken.numel() + given.numel()) * frames_per_probe + weights
    return Cost(operations=2 * macs * frames_per_probe, bytes_moved=values * bytes_per_value)


def measure_ceilings(device: Device) -> Ceilings:
    """Multiply large matrices at the device's precision, and copy a large array; keep the best."""
    import torch

    def wait() -> None:
        if device.is_cuda:
            torch.cuda.synchronize(device.index)

    with torch.inference_mode():
        return Ceilings(
            operations_per_second=_operations_per_second(device, wait),
            bytes_per_second=_bytes_per_second(device, wait),
        )


def _operations_per_second(device: Device, wait: Callable[[], None]) -> float:
    import torch

    side = MATMUL_SIDE_CUDA if device.is_cuda else MATMUL_SIDE_CPU
    matrix = torch.ones(side, side, device=device.torch_device, dtype=device.torch_dtype)
    product = torch.empty_like(matrix)
    return 2 * side**3 / _best(lambda: torch.mm(matrix, matrix, out=product), wait)


def _bytes_per_second(device: Device, wait: Callable[[], None]) -> float:
    import torch

    source = torch.zeros(COPIED_FLOATS, device=device.torch_device)
    target = torch.zeros_like(source)
    return 2 * source.nbytes / _best(lambda: target.copy_(source), wait)


def _best(work: Callable[[], object], wait: Callable[[], None]) -> float:
    """Return the shortest of a few runs, in seconds, after one to warm up."""
    work()
    wait()
    seconds = []
    for _ in range(TRIALS):
        started = time.perf_counter()
        work()
        wait()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofline:
    """The least time that the network's convolutions need for one frame.

    Attributes:
        operations: for one frame; a multiply-accumulate is two.
        bytes_moved: for one frame, each convolution reading its input and writing its output.
        operations_per_second: what this device reached in a large matrix product.
        bytes_per_second: what it reached in a large copy.
        ms: the sum over the convolutions of the longer of computing and moving.
    """

    operations: float
    bytes_moved: float
    operations_per_second: float
    bytes_per_second: float
    ms: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "operations": round(self.operations),
            "bytes": round(self.bytes_moved),
            "operations_per_second": round(self.operations_per_second),
            "bytes_per_second": round(self.bytes_per_second),
            "ms": float(f"{self.ms:.4g}"),
        }

    def __str__(self) -> str:
        return (
            f"{self.ms:.2f} ms: {self.operations / 1e9:.1f} GFLOP at "
            f"{self.operations_per_second / 1e9:.0f} GFLOP/s, "
            f"{self.bytes_moved / 1e6:.0f} MB at {self.bytes_per_second / 1e9:.0f} GB/s"
        )


def roofline(job: Job) -> Roofline | None:
    """Return the least time of the network of a job on its device; None without a network."""
    costs = costs_of(job.model, job.sizes.source, job.device.torch_dtype.itemsize)
    if not costs:
        return None
    ceilings = measure_ceilings(job.device)
    return Roofline(
        operations=sum(cost.operations for cost in costs),
        bytes_moved=sum(cost.bytes_moved for cost in costs),
        operations_per_second=ceilings.operations_per_second,
        bytes_per_second=ceilings.bytes_per_second,
        ms=1000 * sum(cost.seconds(ceilings) for cost in costs),
    )
