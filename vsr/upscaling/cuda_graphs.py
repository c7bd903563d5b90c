"""One CUDA graph per device slot: captured, checked against the autocast path, or left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vsr.device.streams import StreamLane
from vsr.upscaling.cuda_slots import DeviceSlot
from vsr.upscaling.device_pass import DevicePass

TOLERANCE = 2
"""How far, in 8-bit codes, a graph may be from autocast: the rounding of half precision."""

WARM_UPS = 3
"""Runs before a capture: cuDNN chooses its kernels in them."""


def capture_all(
    slots: Sequence[DeviceSlot],
    reference: DevicePass,
    fast: DevicePass,
    lane: StreamLane,
    say: Callable[[str], None],
) -> None:
    """Capture a graph of ``fast`` in each slot; keep them only where all agree with ``reference``.

    Raises:
        torch.cuda.OutOfMemoryError: there is no memory for them.
    """
    for slot in slots:
        problem = _captured(slot, reference, fast, lane)
        if problem:
            say(f"{problem}: launching one by one.")
            drop_all(slots)
            return


def drop_all(slots: Sequence[DeviceSlot]) -> None:
    """Let go of every graph and its memory."""
    for slot in slots:
        slot.graph = None


def _captured(slot: DeviceSlot, reference: DevicePass, fast: DevicePass, lane: StreamLane) -> str:
    """Capture one graph and compare it on random codes; return what is wrong, or nothing."""
    for plane in reference.source.tensors(slot.source):
        # codes that can occur: others may overflow half precision, in two different ways
        peak = 1 << reference.source.layout.bits
        plane.copy_(torch.randint(0, peak, plane.shape, device=plane.device))
    torch.cuda.synchronize(slot.source.device)
    lane.run(lambda: slot.compute(reference))
    lane.stream.synchronize()
    expected = _codes(reference, slot)
    try:
        slot.graph = _graph(fast, slot, lane)
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        return f"no CUDA graph ({str(error).splitlines()[0]})"
    lane.run(slot.graph.replay)
    lane.stream.synchronize()
    unit = 1 << (reference.target.layout.bits - 8)
    is_close = all(
        bool(((a - b).abs() <= TOLERANCE * unit).all())
        for a, b in zip(expected, _codes(reference, slot), strict=True)
    )
    return "" if is_close else "the CUDA graph differs from autocast"


def _graph(fast: DevicePass, slot: DeviceSlot, lane: StreamLane) -> torch.cuda.CUDAGraph:
    def warm_up() -> None:
        for _ in range(WARM_UPS):
            slot.compute(fast)

    lane.run(warm_up)
    lane.stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    # thread_local: a decoder thread may pin memory meanwhile
    with torch.cuda.graph(graph, stream=lane.stream, capture_error_mode="thread_local"):
        slot.compute(fast)
    return graph


def _codes(way: DevicePass, slot: DeviceSlot) -> list[Tensor]:
    return [plane.to(torch.int32) for plane in way.target.tensors(slot.target)]
