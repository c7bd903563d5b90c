"""How long work takes on the device, without the host: events around replays of a CUDA graph."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

from tests.gpu_first.cases import Where

WARM_UPS, GROUPS = 3, 5
GROUP_MS = 60.0
"""How long a group of repetitions should take."""

MOST = 200
"""Repetitions of a group at most."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one run: on the device, and of the host that enqueues it."""

    ms: float
    host_ms: float


def replayed(work: Callable[[], object], where: Where) -> Timed:
    """Time work as a CUDA graph; without a device once, by the clock."""
    if not where.device.is_cuda:
        return _once(work)
    graph, stream = captured(work, where)
    return timed(graph.replay, where, stream)


def captured(
    work: Callable[[], object], where: Where
) -> tuple[torch.cuda.CUDAGraph, torch.cuda.Stream]:
    """Capture work in a stream of its own."""
    stream = torch.cuda.Stream(where.device.torch_device)
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            work()
        stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            work()
    return graph, stream


def timed(
    work: Callable[[], object], where: Where, stream: torch.cuda.Stream | None = None
) -> Timed:
    """Time work as it is, kernel by kernel."""
    if not where.device.is_cuda:
        return _once(work)
    stream = stream or torch.cuda.Stream(where.device.torch_device)
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            work()
        stream.synchronize()
        count = max(3, min(MOST, int(GROUP_MS / max(_group(work, stream, 3), 1e-3))))
        ms = median(_group(work, stream, count) for _ in range(GROUPS))
        started = time.perf_counter()
        for _ in range(3):
            work()
        host_ms = (time.perf_counter() - started) / 3 * 1e3
        stream.synchronize()
    return Timed(round(ms, 4), round(host_ms, 4))


def _group(work: Callable[[], object], stream: torch.cuda.Stream, count: int) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    work()  # so that the host is ahead of the device
    begin.record(stream)
    for _ in range(count):
        work()
    end.record(stream)
    end.synchronize()
    return begin.elapsed_time(end) / count


def _once(work: Callable[[], object]) -> Timed:
    started = time.perf_counter()
    work()
    ms = (time.perf_counter() - started) * 1e3
    return Timed(round(ms, 4), round(ms, 4))
