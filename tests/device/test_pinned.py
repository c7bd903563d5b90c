import sys
import types

import numpy as np
import pytest

from vsr.device.memory import empty_pinned, pinned_by


def fake_cupy(monkeypatch, *, has_driver: bool) -> None:
    cupy, cupyx = types.ModuleType("cupy"), types.ModuleType("cupyx")
    cupy.cuda = types.SimpleNamespace(is_available=lambda: has_driver)
    cupyx.empty_pinned = lambda size, dtype: np.full(size, 7, dtype)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "cupyx", cupyx)


def test_cupys_pool_is_used_where_cupy_works(monkeypatch):
    fake_cupy(monkeypatch, has_driver=True)
    assert pinned_by() == "cupy"
    assert empty_pinned(3).tolist() == [7, 7, 7]


@pytest.mark.parametrize("is_there", [True, False])
def test_torch_serves_where_cupy_does_not(monkeypatch, is_there):
    if is_there:
        fake_cupy(monkeypatch, has_driver=False)
    else:
        monkeypatch.setitem(sys.modules, "cupy", None)
    assert pinned_by() == "torch"


@pytest.mark.gpu
def test_pinned_memory_is_page_locked():
    import torch

    torch.cuda.init()  # until then torch calls no memory pinned, whoever pinned it
    block = torch.from_numpy(empty_pinned(4096))
    assert block.is_pinned()
    there = block.cuda(non_blocking=True)
    torch.cuda.synchronize()
    assert torch.equal(there.cpu(), block)
