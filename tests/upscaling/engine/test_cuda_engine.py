"""On a real GPU; they fail where there is none (``make test-gpu``)."""

import gc

import numpy as np
import pytest
import torch

from tests.benchmarks.rows import weights_for
from tests.upscaling.toys import (
    TOYS,
    Shifted,
    frame,
    model_of,
    pass_spec,
    plain,
)
from vsr.device.overlap import double_buffered
from vsr.device.select import select
from vsr.errors import OutOfDeviceMemory
from vsr.frames import Layout
from vsr.models.catalog import load
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.cuda_engine import CudaEngine
from vsr.upscaling.engine.cuda_graphs import drop_all
from vsr.upscaling.engine.cuda_slots import OUTPUTS, DeviceSlot
from vsr.values import Size

pytestmark = pytest.mark.gpu

NETS = TOYS | {"shifted": lambda: Shifted(2)}
SIZE = Size(96, 64)


def difference(one, other) -> int:
    return max(
        int(np.abs(a.astype(int) - b.astype(int)).max())
        for a, b in zip(one.planes, other.planes, strict=True)
    )


@pytest.mark.parametrize("layout", [Layout(8, 1, 1), Layout(10, 1, 1)], ids=str)
@pytest.mark.parametrize(("precision", "codes"), [("fp32", 1), ("fp16", 2), ("bf16", 12)])
@pytest.mark.parametrize("name", NETS)
def test_frames_are_those_of_the_cpu(name, precision, codes, layout):
    spec, model = pass_spec(SIZE, layout=layout), model_of(NETS[name]())
    frames = [frame(SIZE, layout, pts=number, seed=number) for number in range(6)]
    with CpuEngine.open(model, spec) as cpu:
        expected = [cpu.finish(cpu.start(one)) for one in frames]
    said: list[str] = []
    with CudaEngine.open(model, select("cuda", precision), spec, say=said.append) as engine:
        got = list(double_buffered(frames, engine.start, engine.finish, engine.depth))
        unit = 1 << (layout.bits - 8)
        assert [f.pts for f in got] == list(range(6))
        assert max(difference(a, b) for a, b in zip(got, expected, strict=True)) <= codes * unit
        del got
    assert said == []


def test_more_frames_than_slots_pass_when_the_reader_lets_go():
    spec, model = pass_spec(SIZE), model_of(plain(2))
    frames = [frame(SIZE, pts=number, seed=number % 5) for number in range(3 * OUTPUTS)]
    with CpuEngine.open(model, spec) as cpu:
        expected = [cpu.finish(cpu.start(one)) for one in frames[:5]]
    with CudaEngine.open(model, select("cuda", "fp32"), spec) as engine:
        for number, out in enumerate(
            double_buffered(frames, engine.start, engine.finish, engine.depth)
        ):
            assert difference(out, expected[number % 5]) <= 1
            del out
    gc.collect()


def test_an_overflow_is_redone_in_float32_and_said_once():
    net = plain(2)
    net.body[0].weight.data.mul_(1e5)
    net.body[1].weight.data.mul_(1e-5)
    spec, model, said = pass_spec(SIZE), model_of(net), []
    with CpuEngine.open(model, spec) as cpu:
        expected = cpu.finish(cpu.start(frame(SIZE)))
    with CudaEngine.open(model, select("cuda", "fp16"), spec, say=said.append) as engine:
        for _ in range(2):
            assert difference(engine.finish(engine.start(frame(SIZE))), expected) <= 1
    assert len([line for line in said if "fp32" in line]) == 1


def test_out_of_memory_means_smaller_tiles_of_the_same_picture(monkeypatch):
    spec, model, said = pass_spec(SIZE), model_of(plain(2)), []
    with CudaEngine.open(model, select("cuda", "fp32"), spec) as engine:
        expected = engine.finish(engine.start(frame(SIZE)))
    with CudaEngine.open(model, select("cuda", "fp32"), spec, say=said.append) as engine:
        failures, upload = iter([True, True]), DeviceSlot.upload

        def failing(slot) -> None:
            if next(failures, False):
                raise torch.cuda.OutOfMemoryError("simulated")
            upload(slot)

        monkeypatch.setattr(DeviceSlot, "upload", failing)
        got = engine.finish(engine.start(frame(SIZE)))
        assert difference(got, expected) <= 1
        assert engine._network.core == Size(48, 32)
        assert all(slot.graph is not None for slot in engine._slots)  # captured again
        del got
    assert len([line for line in said if "smaller tiles" in line]) == 1


def test_no_memory_at_all_is_an_error_that_says_what_to_do(monkeypatch):
    spec, model = pass_spec(SIZE), model_of(plain(2))
    with CudaEngine.open(model, select("cuda", "fp32"), spec) as engine:

        def failing(slot) -> None:
            raise torch.cuda.OutOfMemoryError("simulated")

        monkeypatch.setattr(DeviceSlot, "upload", failing)
        with pytest.raises(OutOfDeviceMemory, match="--device cpu"):
            engine.start(frame(SIZE))


@pytest.mark.parametrize("precision", ["fp32", "fp16", "autocast"])
@pytest.mark.parametrize("name", ["folded", "luma", "swift"])
def test_a_frame_has_the_same_bits_with_graphs_and_without(name, precision):
    """So that a run that lost its graphs can be resumed."""
    spec, model = pass_spec(SIZE), model_of(NETS[name]())
    frames = [frame(SIZE, pts=number, seed=number) for number in range(4)]
    with CudaEngine.open(model, select("cuda", precision), spec) as engine:
        assert all(slot.graph is not None for slot in engine._slots)
        assert len({slot.graph.pool() for slot in engine._slots}) == 1
        by_graph = [engine.finish(engine.start(one)) for one in frames]
        drop_all(engine._slots)
        for one, expected in zip(frames, by_graph, strict=True):
            assert difference(engine.finish(engine.start(one)), expected) == 0
        del by_graph, expected


PRESETS = {"1080p": Size(480, 270), "4k": Size(960, 540)}


@pytest.mark.parametrize("precision", ["fp16", "autocast"])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["fast", "swift-srgan"])
def test_both_presets_run_by_graphs_and_forms_agree(name, preset, precision, tmp_path):
    model, size = load(weights_for(name, 4, tmp_path), 4), PRESETS[preset]
    said: list[str] = []
    spec = pass_spec(size, scale=4)
    with CudaEngine.open(model, select("cuda", precision), spec, say=said.append) as engine:
        out = engine.finish(engine.start(frame(size)))
        assert out.size == size.scaled(4)
        form = engine.path.split(",")[0]
        assert form in (
            ("fp16 autocast",) if precision == "autocast" else ("fp16 fused", "fp16 cast")
        )
        assert all(slot.graph is not None for slot in engine._slots)
        del out
    assert said == []
