"""A pass as CUDA graphs, one per device slot: captured, compared with the pass itself, dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from vsr.device.failures import is_shortage
from vsr.device.flight import Lane
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.upscaling.engine.cuda_trial import draw

WARM_UPS = 3
"""Runs before a capture: cuDNN chooses its kernels in them."""


def capture_all(slots: Sequence[DeviceSlot], lane: Lane) -> str:
    """Capture a graph of the pass in each slot; return why there are none, else ``""``.

    They share one pool of memory: only one of them runs at a time, and none leaves anything in it.

    Raises:
        RuntimeError: there is not enough memory for them (`vsr.device.failures.is_shortage`).
    """

    def capture() -> None:
        pool = None
        for slot in slots:
            slot.graph = _captured(slot, pool)
            pool = slot.graph.pool()

    try:
        lane.run(capture)
        lane.record().synchronize()
    except RuntimeError as error:
        drop_all(slots)
        if is_shortage(error):
            raise
        return f"no CUDA graph ({str(error).splitlines()[0]}): launching kernels one by one."
    return ""


def drop_all(slots: Sequence[DeviceSlot]) -> None:
    """Release every graph and its memory."""
    for slot in slots:
        slot.graph = None


def _captured(slot: DeviceSlot, pool: Any) -> torch.cuda.CUDAGraph:
    """Return a graph that gives the very bits of the pass: a run may have lost its graphs.

    All of it in the current stream, so that nothing has to be waited for.
    """
    draw(slot)
    for _ in range(WARM_UPS):
        slot.compute()
    expected = slot.target.clone()
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
    # thread_local: a decoder thread may pin memory meanwhile
    with torch.cuda.graph(graph, pool, stream, capture_error_mode="thread_local"):
        slot.compute()
    slot.target.zero_()
    graph.replay()
    if not torch.equal(slot.target, expected):
        raise RuntimeError("it computes other numbers than the same kernels without it")
    return graph
