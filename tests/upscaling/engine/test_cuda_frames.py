"""Frames through the CUDA engine, on simulated lanes and graphs on tapes: order, bits, overflow."""

import gc
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.device.slow_lanes import SlowLane
from tests.upscaling.stand_in import cuda_engine_on_cpu
from tests.upscaling.still_films import SIZE, STILL, are_equal, enlarged, film
from tests.upscaling.tape import Graph
from tests.upscaling.toys import Nearest, Shifted, frame, model_of, pass_spec, plain
from vsr.device.overlap import double_buffered
from vsr.errors import Failed
from vsr.frames import Layout
from vsr.upscaling.engine import cuda_slots
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.cuda_slots import DeviceSlot, Output
from vsr.values import Size

CPU = torch.device("cpu")
MODELS = {"folded": plain(2), "resized": Shifted(2), "luma": plain(2, "luma"), "none": None}
PRESETS = {"1080p": Size(480, 270), "4k": Size(960, 540)}


def difference(one, other) -> int:
    return max(
        int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("name", MODELS)
@settings(deadline=None, max_examples=8)
@given(st.lists(st.booleans(), min_size=1, max_size=7), st.integers(0, 10**6))
def test_every_frame_is_its_own_in_order_whatever_the_lanes_do(name, moves, seed):
    model, frames = model_of(MODELS[name]), film(["everything"] * len(moves), frame(SIZE))
    spec = pass_spec(SIZE, output=Size(150, 130) if name == "resized" else None)
    with cuda_engine_on_cpu(model, spec, seed) as engine:
        assert engine.depth == 3
        got = enlarged(engine, frames)
    with CpuEngine.open(model, spec) as cpu:
        for mine, theirs in zip(got, enlarged(cpu, frames), strict=True):
            # the weights of the stand-in are other ones where a network is folded
            assert name in ("folded", "luma") or difference(mine, theirs) <= 1
    with cuda_engine_on_cpu(model, spec, is_prompt=True) as engine:
        alone = [[p.copy() for p in engine.finish(engine.start(one)).planes] for one in frames]
    assert are_equal(got, alone)


@pytest.mark.parametrize("layout", [Layout(8, 1, 1), Layout(10, 0, 0)], ids=str)
def test_without_graphs_the_bits_are_the_same(layout, monkeypatch):
    model, spec = model_of(plain(2)), pass_spec(SIZE, layout=layout)
    frames, said = film(["everything"] * 3, frame(SIZE, layout)), []
    with cuda_engine_on_cpu(model, spec, precision="bf16", has_graphs=True) as engine:
        expected = enlarged(engine, frames)
        assert all(slot.graph is not None for slot in engine._slots)
        path = engine.path
    monkeypatch.setattr(Graph, "replay", lambda graph: None)
    with cuda_engine_on_cpu(
        model, spec, precision="bf16", has_graphs=True, say=said.append
    ) as engine:
        got = enlarged(engine, frames)
        assert all(slot.graph is None for slot in engine._slots)
        assert path == engine.path == "bf16 cast, whole"
    assert len(said) == 1
    assert "launching kernels one by one" in said[0]
    assert are_equal(got, expected)


def test_equal_frames_are_computed_once():
    computed = 0
    compute = DeviceSlot.compute

    def counted(slot) -> None:
        nonlocal computed
        computed += 1
        compute(slot)

    frames = film([STILL] * 4, frame(SIZE))
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)) as engine:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DeviceSlot, "compute", counted)
            got = enlarged(engine, frames)
        assert engine.reused_tiles == 0
    assert computed == 1
    assert are_equal(got, [got[0]] * 5)


@pytest.mark.parametrize("preset", PRESETS)
def test_both_presets_are_enlarged_to_their_size(preset):
    size = PRESETS[preset]
    model, spec = model_of(plain(4, channels=4, depth=1)), pass_spec(size, scale=4)
    with cuda_engine_on_cpu(model, spec, is_prompt=True) as engine:
        out = engine.finish(engine.start(frame(size)))
        assert out.size == {"1080p": Size(1920, 1080), "4k": Size(3840, 2160)}[preset]
        assert engine.path == "fp32 exact, whole"
        del out


def test_uploads_computations_and_downloads_have_a_lane_each(monkeypatch):
    done: list[tuple[str, int]] = []
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)) as engine:
        lanes = list(engine._lanes)
        run = SlowLane.run

        def noted(lane, work) -> None:
            done.append((getattr(work, "__name__", ""), lanes.index(lane)))
            run(lane, work)

        monkeypatch.setattr(SlowLane, "run", noted)
        enlarged(engine, film(["everything"], frame(SIZE)))
    assert done == [("upload", 0), ("compute", 1), ("<lambda>", 2)] * 2


def test_whatever_crosses_the_bus_lies_in_pinned_memory(monkeypatch):
    """CuPy's where it is, which `vsr.device.memory` decides."""
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)) as engine:
        real, given = cuda_slots.empty_pinned, []

        def noted(*asked):
            given.append(real(*asked))
            return given[-1]

        monkeypatch.setattr(cuda_slots, "empty_pinned", noted)
        way = engine._network.way
        slot, output = DeviceSlot(lambda: way, CPU), Output.of(way, CPU)
        assert [id(one) for one in given] == [
            id(one) for one in (slot.given, output.block, output.flag)
        ]


class Overflowing(Nearest):
    """Overflows in half precision, where a picture is bright."""

    def forward(self, x):
        is_half = self.conv.weight.dtype != torch.float32 or torch.is_autocast_enabled("cpu")
        x = super().forward(x)
        return torch.where(x > 0.9, x / 0, x) if is_half else x


def bright_in_a_corner():
    dark = frame(SIZE)
    planes = [plane // 4 + 32 if plane is dark.planes[0] else plane for plane in dark.planes]
    planes[0][10:14, 10:14] = 240
    return replace(dark, planes=tuple(planes))


def test_what_is_not_finite_is_redone_in_float32_and_said_once():
    model, spec, said = model_of(Overflowing(2)), pass_spec(SIZE), []
    frames = film([(60, 60, 6)] * 3, bright_in_a_corner())
    with CpuEngine.open(model, spec) as cpu:
        expected = enlarged(cpu, frames)
    with cuda_engine_on_cpu(model, spec, precision="bf16", say=said.append) as engine:
        net = engine._network
        assert net.full()._run is net._net  # no copy for each frame
        got = enlarged(engine, frames)
    assert max(difference(a, b) for a, b in zip(got, expected, strict=True)) <= 1
    assert got[-1][0][22:26, 22:26].min() > 200
    assert [line for line in said if "redone in fp32" in line] == [
        "bf16 overflowed: such frames are redone in fp32."
    ]


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_after_an_early_close_the_next_film_is_right(taken, seed):
    model, spec = model_of(plain(2)), pass_spec(SIZE)
    first, second = (film(["everything"] * 5, frame(SIZE, seed=own)) for own in (1, 2))
    with cuda_engine_on_cpu(model, spec, seed) as engine:
        enlarged(engine, first, taken)
        got = enlarged(engine, second)
    with cuda_engine_on_cpu(model, spec, is_prompt=True) as engine:
        assert are_equal(got, enlarged(engine, second))


def test_a_finished_frame_lends_its_memory_while_it_is_held():
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)) as engine:
        free = engine._outputs.free
        held = [engine.finish(engine.start(frame(SIZE, seed=seed))) for seed in range(3)]
        assert engine._outputs.free == free - 3
        held.clear()
        gc.collect()
        assert engine._outputs.free == free


def test_a_frame_of_another_size_is_refused():
    with (
        cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE)) as engine,
        pytest.raises(Failed, match="the video began as"),
    ):
        engine.start(frame(Size(64, 32)))


def test_the_order_of_more_frames_than_slots_is_kept():
    frames = film(["everything"] * 9, frame(SIZE))
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), seed=7) as engine:
        flow = double_buffered(frames, engine.start, engine.finish, engine.depth)
        assert [one.pts for one in flow] == list(range(10))
