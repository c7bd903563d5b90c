"""CUDA graphs: one per device slot, checked against the autocast path, and one for a tile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vsr.device.flight import Lane, StreamLane
from vsr.device.select import is_shortage
from vsr.upscaling.engine.cuda_pass import DevicePass, Forward, exact_inference
from vsr.upscaling.engine.cuda_slots import DeviceSlot

TOLERANCE = 2
"""How far, in 8-bit codes, a graph may be from autocast: the rounding of half precision."""

WARM_UPS = 3
"""Runs before a capture: cuDNN chooses its kernels in them."""


def capture_all(
    slots: Sequence[DeviceSlot],
    reference: DevicePass,
    fast: DevicePass,
    lane: Lane,
    say: Callable[[str], None],
) -> None:
    """Capture a graph of ``fast`` in each slot; keep them only where all agree with ``reference``.

    Raises:
        RuntimeError: there is not enough memory for them (`vsr.device.select.is_shortage`).
    """
    assert isinstance(lane, StreamLane)
    for slot in slots:
        problem = _captured(slot, reference, fast, lane)
        if problem:
            say(f"{problem}: launching kernels one by one.")
            drop_all(slots)
            return


def drop_all(slots: Sequence[DeviceSlot]) -> None:
    """Release every graph and its memory."""
    for slot in slots:
        slot.graph = None


def captured_run(run: Forward, like: Tensor, lane: Lane) -> Forward:
    """Return ``run`` as a graph; its output is always in the same memory.

    If no graph can be captured, this is ``run`` itself.

    Args:
        like: an input, which may be a view; others must have its shape. The graph's own input has
            its memory order, or cuDNN would take another kernel than for the whole picture.

    Raises:
        RuntimeError: there is not enough memory for it (`vsr.device.select.is_shortage`).
    """
    assert isinstance(lane, StreamLane)
    given = like.clone()  # dense, in the order of the view's strides
    output = given

    def compute() -> None:
        nonlocal output
        with exact_inference():
            output = run(given)

    try:
        graph = _graph(compute, lane)
    except RuntimeError as error:
        if is_shortage(error):
            raise
        return run

    def replayed(tile: Tensor) -> Tensor:
        given.copy_(tile)
        graph.replay()
        return output

    return replayed


def _captured(slot: DeviceSlot, reference: DevicePass, fast: DevicePass, lane: StreamLane) -> str:
    """Capture one graph and compare it on random codes; return what is wrong, or ``""``."""
    reference.fill_randomly(slot.source)
    torch.cuda.synchronize(slot.source.device)
    lane.run(lambda: slot.compute(reference))
    lane.stream.synchronize()
    expected = _codes(reference, slot)
    try:
        slot.graph = _graph(lambda: slot.compute(fast), lane)
    except RuntimeError as error:
        if is_shortage(error):
            raise
        return f"no CUDA graph ({str(error).splitlines()[0]})"
    lane.run(slot.graph.replay)
    lane.stream.synchronize()
    unit = 1 << (reference.target.layout.bits - 8)
    is_close = all(
        bool(((a - b).abs() <= TOLERANCE * unit).all())
        for a, b in zip(expected, _codes(reference, slot), strict=True)
    )
    return "" if is_close else "the CUDA graph differs from autocast"


def _graph(work: Callable[[], None], lane: StreamLane) -> torch.cuda.CUDAGraph:
    def warm_up() -> None:
        for _ in range(WARM_UPS):
            work()

    lane.run(warm_up)
    lane.stream.synchronize()
    graph = torch.cuda.CUDAGraph()

    def capture() -> None:
        # thread_local: a decoder thread may pin memory meanwhile
        with torch.cuda.graph(graph, stream=lane.stream, capture_error_mode="thread_local"):
            work()

    lane.run(capture)  # in the lane, as torch leaves its stream current where a capture fails
    return graph


def _codes(way: DevicePass, slot: DeviceSlot) -> list[Tensor]:
    return [plane.to(torch.int32) for plane in way.target.tensors(slot.target)]
