"""The CUDA engine on the CPU: all of it is real except the calls of CUDA."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.device.slow_lanes import SlowLane, World
from vsr.device.flight import Lanes, seconds_in
from vsr.device.select import Chosen, Device
from vsr.upscaling.engine import cuda_engine, cuda_network, cuda_slots
from vsr.upscaling.engine.cuda_engine import CudaEngine
from vsr.upscaling.passes.folding import FoldedPlain, route

CORE = 32
WHOLE_SECONDS = 10.0


class PromptLane(SlowLane):
    """Does its work at once, so that an error of it is raised where it was enqueued."""

    def run(self, work: Callable[[], None]) -> None:
        work()

    def wait(self, point) -> None:
        pass


class Graph:
    """Computes the fast way into its slot, as a graph that was captured around it does."""

    def __init__(self, slot, fast, done: Counter) -> None:
        self.slot, self.fast, self.done = slot, fast, done

    def replay(self) -> None:
        self.done["whole"] += 1
        self.slot.compute(self.fast)


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
    done: Counter | None = None,
    tile_seconds: float = 1.0,
    is_prompt: bool = False,
    precision: Chosen = "fp32",
    core: int = CORE,
    **options,
) -> Iterator[CudaEngine]:
    """Open an engine whose lanes are simulated and whose slots lie in host memory.

    Args:
        done: counts what was done: ``whole`` pictures by a graph, ``tile`` by one, ``trial``.
        tile_seconds: what any number of tiles takes, where a whole picture takes ten.
    """
    done = done if done is not None else Counter()
    world = World(seed)
    if is_prompt:
        world.lanes = [PromptLane(world) for _ in range(3)]

    def captured_run(run, like, lane):
        done["trial"] += 1
        output: list[Tensor] = []

        def replayed(tile: Tensor) -> Tensor:
            assert tile.shape == like.shape
            done["tile"] += 1
            result = run(tile)
            output[:] = output or [torch.empty_like(result)]
            return output[0].copy_(result)  # a graph answers in the same memory each time

        return replayed

    def capture_all(slots, reference, fast, lane, say) -> None:
        for slot in slots:
            slot.graph = Graph(slot, fast, done)

    def seconds(lane, work) -> float:
        before = done["whole"]
        assert seconds_in(lane, work) >= 0
        return WHOLE_SECONDS if done["whole"] > before else tile_seconds

    def synchronize(device) -> None:
        while any(lane.can_go_on() for lane in world.lanes):
            world.step()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuda_engine, "three_lanes", lambda device: Lanes(*world.lanes))
        patch.setattr(cuda_engine, "capture_all", capture_all)
        patch.setattr(cuda_engine, "seconds_in", seconds)
        patch.setattr(cuda_slots, "empty_pinned", lambda size: np.zeros(size, np.uint8))
        patch.setattr(cuda_network, "route", exact_route)
        patch.setattr(cuda_network, "captured_run", captured_run)
        patch.setattr(cuda_network, "STILL_CORE", core)
        patch.setattr(torch.cuda, "synchronize", synchronize)
        with CudaEngine.open(
            model, Device(kind="cpu", precision=precision), spec, **options
        ) as one:
            yield one
