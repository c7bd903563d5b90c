import sys
import types
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from vsr.device.memory import empty_pinned, pinned_by
from vsr.upscaling.engine import cuda_slots
from vsr.upscaling.engine.cuda_slots import DeviceSlot, Output

FIRST, SECOND = torch.device("cuda", 0), torch.device("cuda", 1)


def fake_cupy(monkeypatch, *, has_driver: bool) -> list[int]:
    """Put a CuPy in place of the real one; return where it pinned memory."""
    cupy, cupyx = types.ModuleType("cupy"), types.ModuleType("cupyx")
    current, pinned = [0], []

    @contextmanager
    def device(index: int):
        current.append(index)
        yield
        current.pop()

    def empty_pinned(size, dtype):
        pinned.append(current[-1])
        return np.full(size, 7, dtype)

    cupy.cuda = types.SimpleNamespace(is_available=lambda: has_driver, Device=device)
    cupyx.empty_pinned = empty_pinned
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "cupyx", cupyx)
    return pinned


def test_cupys_pool_is_used_where_cupy_works(monkeypatch):
    fake_cupy(monkeypatch, has_driver=True)
    assert pinned_by() == "cupy"
    assert empty_pinned(3, FIRST).tolist() == [7, 7, 7]


def test_cupy_pins_in_the_context_of_the_device_that_copies(monkeypatch):
    pinned = fake_cupy(monkeypatch, has_driver=True)
    for device in (FIRST, SECOND, torch.device("cuda")):
        empty_pinned(1, device)
    assert pinned == [0, 1, 0]


def test_all_memory_of_an_engine_is_pinned_for_its_device(monkeypatch):
    asked = []
    monkeypatch.setattr(
        cuda_slots, "empty_pinned", lambda size, device: asked.append(device) or np.zeros(size)
    )
    monkeypatch.setattr(torch, "zeros", lambda size, **options: asked.append(options["device"]))
    packing = types.SimpleNamespace(size=4)
    way = types.SimpleNamespace(source=packing, target=packing)
    Output.of(way, SECOND)
    DeviceSlot(lambda: way, SECOND)
    assert asked == [SECOND] * 6


@pytest.mark.parametrize("is_there", [True, False])
def test_torch_serves_where_cupy_does_not(monkeypatch, is_there):
    if is_there:
        fake_cupy(monkeypatch, has_driver=False)
    else:
        monkeypatch.setitem(sys.modules, "cupy", None)
    assert pinned_by() == "torch"


@pytest.mark.gpu
def test_pinned_memory_is_page_locked():
    torch.cuda.init()  # until then torch calls no memory pinned, whoever pinned it
    block = torch.from_numpy(empty_pinned(4096, FIRST))
    assert block.is_pinned()
    there = block.cuda(non_blocking=True)
    torch.cuda.synchronize()
    assert torch.equal(there.cpu(), block)
