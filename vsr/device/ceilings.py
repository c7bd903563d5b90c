"""How fast a device multiplies and moves memory at best: the two sides of a roofline, measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from vsr.device.select import Device

MATMUL_SIDE_CPU, MATMUL_SIDE_CUDA = 1024, 8192
COPIED_FLOATS = 1 << 26
"""256 MB: more than any cache."""

TRIALS = 5


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

    where = device.torch_device
    side = MATMUL_SIDE_CUDA if device.is_cuda else MATMUL_SIDE_CPU
    matrix = torch.ones(side, side, device=where, dtype=device.torch_dtype)
    product = torch.empty_like(matrix)
    with torch.inference_mode():
        multiply_seconds = _best(lambda: torch.mm(matrix, matrix, out=product), wait)
    del matrix, product
    source = torch.zeros(COPIED_FLOATS, device=where)
    target = torch.zeros_like(source)
    copy_seconds = _best(lambda: target.copy_(source), wait)
    return Ceilings(
        operations_per_second=2 * side**3 / multiply_seconds,
        bytes_per_second=2 * source.nbytes / copy_seconds,
    )


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
