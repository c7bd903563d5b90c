"""How fast a device multiplies and moves memory at best: the two sides of a roofline, measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from vsr.device.select import Device

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
