"""The CUDA engine on the CPU: all of it is real except the calls of CUDA."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from tests.device.slow_lanes import SlowLane, World
from tests.upscaling.tape import use_tapes
from vsr.device.select import Chosen, Device
from vsr.upscaling.engine import cuda_engine, cuda_network, cuda_slots
from vsr.upscaling.engine.cuda_engine import CudaEngine
from vsr.upscaling.passes.folding import FoldedPlain, route


class PromptLane(SlowLane):
    """Does its work at once, so that an error of it is raised where it was enqueued."""

    def run(self, work: Callable[[], None]) -> None:
        work()

    def wait(self, point) -> None:
        pass


def exact_route(model, spec, **options):
    """A folded network whose weights are so short that sums of codes are exact in any order.

    The order in which a kernel adds depends on the processor and is not what is tested here.
    """
    way, net = route(model, spec, **options)
    if isinstance(net, FoldedPlain):
        for name, weights in net.named_parameters():
            if name.startswith("base"):
                weights.data = (weights * 8).round() / 8
            else:
                few = weights.sign() * (weights.abs() > weights.abs().median())
                weights.data = few / (64 if name.startswith("tail") else 8)
    return way, net


@contextmanager
def cuda_engine_on_cpu(
    model,
    spec,
    seed: int = 0,
    *,
    is_prompt: bool = False,
    has_graphs: bool = False,
    precision: Chosen = "fp32",
    **options,
) -> Iterator[CudaEngine]:
    """Open an engine whose lanes are simulated and whose slots lie in host memory.

    Args:
        has_graphs: graphs are tapes; to capture three of them takes a while.
    """
    world = World(seed)
    if is_prompt:
        world.lanes = [PromptLane(world) for _ in range(3)]

    def synchronize(device) -> None:
        while any(lane.can_go_on() for lane in world.lanes):
            world.step()

    with pytest.MonkeyPatch.context() as patch:
        use_tapes(patch)
        patch.setattr(cuda_engine, "three_lanes", lambda device: world.lanes)
        patch.setattr(cuda_slots, "empty_pinned", lambda size, device: np.zeros(size, np.uint8))
        patch.setattr(cuda_network, "route", exact_route)
        if not has_graphs:
            patch.setattr(cuda_engine, "capture_all", lambda slots, lane: "")
        patch.setattr(torch.cuda, "synchronize", synchronize)
        with CudaEngine.open(
            model, Device(kind="cpu", precision=precision), spec, **options
        ) as one:
            yield one
