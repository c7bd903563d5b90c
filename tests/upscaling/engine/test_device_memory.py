"""The CUDA engine where the device's memory runs out, on simulated lanes."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from tests.upscaling.stand_in import cuda_engine_on_cpu
from tests.upscaling.toys import frame, model_of, pass_spec, plain, srgan
from vsr.device.failures import is_shortage
from vsr.errors import DeviceLost, OutOfDeviceMemory
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.values import Size

SIZE = Size(96, 64)
SHORTAGES = {
    "torch": torch.cuda.OutOfMemoryError("simulated"),
    "driver": RuntimeError("CUDA error: out of memory"),
    "cublas": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
}


def failing(work: Callable, error: Exception, times: int) -> Callable:
    left = iter(range(times))

    def tried(*given):
        if next(left, None) is not None:
            raise error
        return work(*given)

    return tried


def planes_of(engine, one) -> list[np.ndarray]:
    return [plane.copy() for plane in engine.finish(engine.start(one)).planes]


@pytest.mark.parametrize("kind", SHORTAGES)
def test_whoever_says_it_the_picture_is_computed_in_smaller_tiles(kind):
    said: list[str] = []
    with cuda_engine_on_cpu(
        model_of(plain(2)), pass_spec(SIZE), is_prompt=True, remembers=False, say=said.append
    ) as engine:
        expected = planes_of(engine, frame(SIZE))
        compute = failing(engine._tiles.compute, SHORTAGES[kind], times=2)
        object.__setattr__(engine._flight._operations, "compute", compute)
        got = planes_of(engine, frame(SIZE))
        assert engine._network.core == Size(48, 32)
    assert all(np.array_equal(a, b) for a, b in zip(got, expected, strict=True))
    assert len(said) == 1
    assert "smaller tiles" in said[0]


def test_a_frame_that_is_redone_in_float32_may_run_out_of_memory_too(monkeypatch):
    net = srgan(2)
    net.tail.bias.data[0] = float("inf")
    with cuda_engine_on_cpu(model_of(net), pass_spec(SIZE), precision="bf16") as engine:
        into = failing(type(engine._redo).into, SHORTAGES["torch"], times=1)
        monkeypatch.setattr(type(engine._redo), "into", into)
        assert engine.finish(engine.start(frame(SIZE))).size == SIZE.scaled(2)
        assert all(slot.graph is None for slot in engine._slots)


def test_another_error_is_no_want_of_memory():
    assert not is_shortage(RuntimeError("CUDA error: an illegal memory access was encountered"))
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), is_prompt=True) as engine:
        error = RuntimeError("CUDA error: an illegal memory access was encountered")
        compute = failing(engine._tiles.compute, error, times=1)
        object.__setattr__(engine._flight._operations, "compute", compute)
        with pytest.raises(DeviceLost, match="illegal"):
            engine.start(frame(SIZE))


def test_no_room_for_the_first_picture_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(DeviceSlot, "of", failing(DeviceSlot.of, SHORTAGES["driver"], times=1))
    with (
        pytest.raises(OutOfDeviceMemory, match="--device cpu"),
        cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)),
    ):
        pass


def test_who_holds_a_closed_engine_holds_no_graph():
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)) as engine:
        devices = [device.slot for device in engine._flight._devices]
        assert all(slot.graph is not None for slot in devices)
    assert all(slot.graph is None for slot in devices)
