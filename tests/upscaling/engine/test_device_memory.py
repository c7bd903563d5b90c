"""The device fails or its memory runs out: at opening, in a capture, at a frame, in a redo."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.upscaling.stand_in import cuda_engine_on_cpu
from tests.upscaling.toys import frame, model_of, pass_spec, plain, srgan
from vsr.device.overlap import double_buffered
from vsr.errors import DeviceLost, Failed, OutOfDeviceMemory
from vsr.upscaling.engine import cuda_engine
from vsr.upscaling.engine.cuda_network import DeviceNetwork
from vsr.upscaling.engine.cuda_pass import DevicePass
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.values import Size

SIZE = Size(96, 64)
SHORTAGE = torch.cuda.OutOfMemoryError("simulated")
SHORTAGES = {
    "torch": SHORTAGE,
    "driver": RuntimeError("CUDA error: out of memory"),
    "cublas": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    "cudnn": RuntimeError("GET was unable to find an engine to execute this computation"),
}
LOST = RuntimeError("CUDA error: unspecified launch failure\nCompile with TORCH_USE_CUDA_DSA")


def failing(work: Callable, error: Exception, times: int, after: int = 0) -> Callable:
    calls = iter(range(after + times))

    def tried(*given, **named):
        call = next(calls, None)
        if call is not None and call >= after:
            raise error
        return work(*given, **named)

    return tried


def planes_of(engine, one) -> list[np.ndarray]:
    return [plane.copy() for plane in engine.finish(engine.start(one)).planes]


def expected_planes(net=None) -> list[np.ndarray]:
    with cuda_engine_on_cpu(model_of(net or plain(2)), pass_spec(SIZE)) as engine:
        return planes_of(engine, frame(SIZE))


def are_same(some, others) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


@pytest.mark.parametrize("kind", SHORTAGES)
def test_whoever_says_it_the_picture_is_computed_in_smaller_tiles(kind, monkeypatch):
    said: list[str] = []
    with cuda_engine_on_cpu(
        model_of(plain(2)), pass_spec(SIZE), is_prompt=True, say=said.append
    ) as engine:
        compute = failing(DeviceSlot.compute, SHORTAGES[kind], times=2)
        monkeypatch.setattr(DeviceSlot, "compute", compute)
        got = planes_of(engine, frame(SIZE))
        assert engine._network.core == Size(48, 32)
        assert engine.path == "fp32 exact, tiles of 48×32"
    assert are_same(got, expected_planes())
    assert [line for line in said if "smaller tiles" in line] == said
    assert len(said) == 1


def test_after_a_shortage_graphs_are_captured_again(monkeypatch):
    with cuda_engine_on_cpu(
        model_of(plain(2)), pass_spec(SIZE), is_prompt=True, has_graphs=True
    ) as engine:
        before = [slot.graph for slot in engine._slots]
        monkeypatch.setattr(DeviceSlot, "upload", failing(DeviceSlot.upload, SHORTAGE, times=1))
        got = planes_of(engine, frame(SIZE))
        after = [slot.graph for slot in engine._slots]
        assert all(after)
        assert not set(map(id, before)) & set(map(id, after))
        assert engine._network.core == Size(48, 64)
    assert are_same(got, expected_planes())


@pytest.mark.parametrize("after", range(0, 18, 4))
def test_a_capture_that_runs_out_of_memory_is_repeated_in_smaller_tiles(after, monkeypatch):
    """In the warm-ups of the first slot, in its capture, and in those of the others."""
    said: list[str] = []
    call = failing(DevicePass.__call__, SHORTAGE, times=1, after=after)
    monkeypatch.setattr(DevicePass, "__call__", call)
    with cuda_engine_on_cpu(
        model_of(plain(2)), pass_spec(SIZE), has_graphs=True, say=said.append
    ) as engine:
        got = planes_of(engine, frame(SIZE))
        fits = after >= 12
        assert engine._network.core == (SIZE if fits else Size(48, 64))
        assert all(slot.graph is not None for slot in engine._slots)
    monkeypatch.undo()
    assert are_same(got, expected_planes())
    assert len(said) == (0 if fits else 1)


def test_a_trial_that_runs_out_of_memory_is_repeated_in_smaller_tiles(monkeypatch):
    call = failing(DevicePass.__call__, SHORTAGE, times=1, after=1)
    monkeypatch.setattr(DevicePass, "__call__", call)
    with cuda_engine_on_cpu(
        model_of(plain(2)), pass_spec(SIZE), precision="bf16", is_prompt=True
    ) as engine:
        assert engine.path == "bf16 cast, tiles of 48×64"


def test_a_frame_that_is_redone_in_float32_may_run_out_of_memory_too(monkeypatch):
    net = srgan(2)
    net.tail.bias.data[0] = float("inf")
    with cuda_engine_on_cpu(model_of(net), pass_spec(SIZE), precision="bf16") as engine:
        full = failing(DeviceNetwork.full, SHORTAGE, times=1)
        monkeypatch.setattr(DeviceNetwork, "full", full)
        assert engine.finish(engine.start(frame(SIZE))).size == SIZE.scaled(2)
        assert engine._network.core == Size(48, 64)


def test_where_tiles_are_planned_graphs_go_first_and_then_it_is_an_error(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(DeviceNetwork, "shrink", lambda network: False)
    with cuda_engine_on_cpu(
        model_of(plain(2)), pass_spec(SIZE), is_prompt=True, has_graphs=True, say=said.append
    ) as engine:
        upload = DeviceSlot.upload
        monkeypatch.setattr(DeviceSlot, "upload", failing(upload, SHORTAGE, times=1))
        got = planes_of(engine, frame(SIZE))
        assert [slot.graph for slot in engine._slots] == [None] * 3
        monkeypatch.setattr(DeviceSlot, "upload", failing(upload, SHORTAGE, times=1))
        with pytest.raises(OutOfDeviceMemory, match="not even the smallest tile"):
            engine.start(frame(SIZE))
    assert are_same(got, expected_planes())
    assert ["one by one" in line for line in said] == [True]


def test_the_smallest_tile_that_does_not_fit_is_refused_with_what_to_do(monkeypatch):
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), is_prompt=True) as engine:
        monkeypatch.setattr(DeviceSlot, "upload", failing(DeviceSlot.upload, SHORTAGE, times=99))
        with pytest.raises(OutOfDeviceMemory, match="--device cpu"):
            engine.start(frame(SIZE))
        assert not engine._network.shrink()


def test_no_room_for_the_first_picture_is_refused_with_what_to_do(monkeypatch):
    short = failing(DeviceNetwork.open, SHORTAGES["driver"], times=1)
    monkeypatch.setattr(DeviceNetwork, "open", short)
    with (
        pytest.raises(OutOfDeviceMemory, match="--device cpu"),
        cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)),
    ):
        pass


@pytest.mark.parametrize("where", ["upload", "compute", "download"])
@pytest.mark.parametrize("is_prompt", [True, False], ids=["at once", "late"])
def test_a_device_that_vanishes_at_a_frame_is_one_line_after_the_frames_before(
    where, is_prompt, monkeypatch
):
    """A lane may report it where work is enqueued or, as CUDA does, at any later wait."""
    frames = [frame(SIZE, pts=pts, seed=pts) for pts in range(6)]
    got = []
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), is_prompt=is_prompt) as engine:
        work = failing(getattr(DeviceSlot, where), LOST, times=99, after=3)
        monkeypatch.setattr(DeviceSlot, where, work)
        monkeypatch.setattr(torch.cuda, "synchronize", failing(lambda device: None, LOST, 99))
        flow = double_buffered(frames, engine.start, engine.finish, engine.depth)
        with pytest.raises(DeviceLost, match="launch failure.*repeat the command"):
            got.extend(one.pts for one in flow)
    assert got == list(range(len(got)))
    assert len(got) == 3 if is_prompt else len(got) <= 3


@pytest.mark.parametrize(
    "message",
    ["all CUDA-capable devices are busy or unavailable", "no kernel image is available"],
)
def test_a_card_that_another_process_has_to_itself_is_one_line(message, monkeypatch):
    error = torch.AcceleratorError(f"CUDA error: {message}")
    monkeypatch.setattr(cuda_engine.DeviceNetwork, "open", failing(DeviceNetwork.open, error, 1))
    with (
        pytest.raises(DeviceLost, match=message),
        cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)),
    ):
        pass


def test_what_is_no_error_of_the_device_is_not_taken_for_one(monkeypatch):
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), is_prompt=True) as engine:
        bug = RuntimeError("a view of another size")
        monkeypatch.setattr(DeviceSlot, "upload", failing(DeviceSlot.upload, bug, times=1))
        with pytest.raises(RuntimeError, match="another size") as raised:
            engine.start(frame(SIZE))
        assert raised.value is bug
        assert are_same(planes_of(engine, frame(SIZE)), expected_planes())


def test_who_holds_a_closed_engine_holds_no_graph():
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), has_graphs=True) as engine:
        slots = list(engine._slots)
        assert all(slot.graph is not None for slot in slots)
    assert all(slot.graph is None for slot in slots)
    with pytest.raises(Failed, match="pts 7 came after its engine was closed"):
        engine.start(replace(frame(SIZE), pts=7))


def test_tiles_stay_where_there_is_no_network_to_make_them_smaller():
    with cuda_engine_on_cpu(model_of(None), pass_spec(SIZE), tile=32) as engine:
        assert engine.path == "fp32 exact, tiles of 32×32"
        assert not engine._network.shrink()
        assert engine._network.core == Size(32, 32)
