"""On a real GPU; they fail where there is none (``make test-gpu``)."""

import gc
from dataclasses import replace

import numpy as np
import pytest
import torch

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
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.cuda_engine import CudaEngine
from vsr.upscaling.engine.cuda_network import drop_all
from vsr.upscaling.engine.cuda_slots import OUTPUTS
from vsr.upscaling.tiles.tile_cache import TileCost
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
        drop_all(engine._slots)
        failures = iter([True, True])

        def failing(slot, item) -> None:
            if next(failures, False):
                raise torch.cuda.OutOfMemoryError("simulated")
            engine._tiles.compute(slot, item)

        object.__setattr__(engine._flight._operations, "compute", failing)
        got = engine.finish(engine.start(frame(SIZE)))
        assert difference(got, expected) <= 1
        assert engine._network.core == Size(48, 32)
        del got
    assert len([line for line in said if "smaller tiles" in line]) == 1


def test_no_memory_at_all_is_an_error_that_says_what_to_do():
    spec, model = pass_spec(SIZE), model_of(plain(2))
    with CudaEngine.open(model, select("cuda", "fp32"), spec) as engine:

        def failing(slot, item) -> None:
            raise torch.cuda.OutOfMemoryError("simulated")

        object.__setattr__(engine._flight._operations, "compute", failing)
        with pytest.raises(OutOfDeviceMemory, match="--device cpu"):
            engine.start(frame(SIZE))


LECTURE = Size(960, 540)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("name", ["shifted", "folded", "luma", "swift"])
def test_with_tiles_that_stand_still_the_bits_are_the_same(name, precision, monkeypatch):
    """Their cost is not tested here: toys are so small that tiles are never worth it.

    Whether tiles are reused depends on cuDNN, which may choose another kernel for a tile than for
    the picture; only where each sum has one term no order of adding makes a difference.
    """
    monkeypatch.setattr(TileCost, "is_worth", lambda cost, count: True)
    spec, model = pass_spec(LECTURE), model_of(NETS[name]())
    frames = [frame(LECTURE)]
    for pts in range(1, 9):
        planes = [plane.copy() for plane in frames[-1].planes]
        planes[pts % 3][200:240, 100:140] += 7
        frames.append(replace(frames[-1], planes=tuple(planes), pts=pts))
    with (
        CudaEngine.open(model, select("cuda", precision), spec) as engine,
        CudaEngine.open(model, select("cuda", precision), spec, remembers=False) as forgetful,
    ):
        one, other = (
            double_buffered(frames, own.start, own.finish, own.depth) for own in (engine, forgetful)
        )
        for mine, theirs in zip(one, other, strict=True):
            assert difference(mine, theirs) == 0
        if (name, precision) == ("shifted", "fp16"):
            assert engine.reused_tiles > 0
        assert forgetful.reused_tiles == 0
