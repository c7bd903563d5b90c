"""The CUDA engine with still tiles, on simulated lanes: only the calls of CUDA are stood in for."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.upscaling.stand_in import cuda_engine_on_cpu
from tests.upscaling.toys import BT709, Nearest, frame, model_of, pass_spec, plain
from vsr.device.double_buffer import double_buffered
from vsr.frames import HostFrame, Layout
from vsr.specs import Size
from vsr.upscaling.device_tiles import TRIALS
from vsr.upscaling.reuse import Reuse
from vsr.upscaling.tile_plan import TileCost

SIZE = Size(112, 96)


def painted(source: HostFrame, top: int, left: int, side: int, plane: int = 0) -> HostFrame:
    """The same frame with a square of one plane inverted."""
    planes = [own.copy() for own in source.planes]
    peak = (1 << source.layout.bits) - 1
    rows, columns = (slice(at // (2 if plane else 1), (at + side)) for at in (top, left))
    planes[plane][rows, columns] = peak - planes[plane][rows, columns]
    return HostFrame(planes=tuple(planes), pts=source.pts + 1, layout=source.layout, colour=BT709)


def film(changes: Sequence, first: HostFrame) -> list[HostFrame]:
    frames = [first]
    for change in changes:
        last = frames[-1]
        if change == "everything":
            frames.append(frame(SIZE, first.layout, pts=last.pts + 1, seed=last.pts + 100))
        else:
            frames.append(painted(last, *change))
    return frames


def enlarged(engine, frames: Sequence[HostFrame], count: int | None = None) -> list[HostFrame]:
    """Send frames through as the step does and close after ``count``; planes are copied."""
    reuse = Reuse(engine.start, engine.finish)
    flow = double_buffered(frames, reuse.start, reuse.finish, engine.depth)
    out = []
    for one in flow:
        out.append(tuple(plane.copy() for plane in one.planes))
        del one
        if len(out) == count:
            break
    flow.close()
    return out


def are_equal(some, others) -> bool:
    return len(some) == len(others) and all(
        np.array_equal(a, b)
        for one, other in zip(some, others, strict=True)
        for a, b in zip(one, other, strict=True)
    )


class Shifted(Nearest):
    """Mixes each pixel with others up to two away: exact in any order, as each sum has one term."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        self.up, self.left = (torch.nn.Conv2d(3, 3, 3, padding=1, bias=False) for _ in range(2))
        for conv, (row, column) in ((self.up, (0, 1)), (self.left, (2, 0))):
            torch.nn.init.zeros_(conv.weight)
            for channel in range(3):
                conv.weight.data[channel, channel, row, column] = 1.0

    def forward(self, x: Tensor) -> Tensor:
        up = self.up(x)
        return super().forward(x * 0.5 + up * 0.3 + self.left(up) * 0.2)


STILL = (40, 40, 0)
SQUARE = (40, 44, 6)
changes = st.one_of(
    st.just(STILL),
    st.just("everything"),
    st.tuples(st.integers(0, 90), st.integers(0, 100), st.integers(1, 9), st.integers(0, 2)),
)
MODELS = {"folded": plain(2), "resized": Shifted(2), "luma": plain(2, "luma")}
SPECS = {
    "folded": pass_spec(SIZE),
    "resized": pass_spec(SIZE, output=Size(150, 130)),
    "luma": pass_spec(SIZE),
}


@pytest.mark.parametrize("name", MODELS)
@settings(deadline=None, max_examples=12)
@given(st.lists(changes, min_size=3, max_size=7), st.integers(0, 10**6))
def test_any_mixture_of_still_and_moving_is_as_if_all_were_computed(name, mixture, seed):
    model, spec, frames = model_of(MODELS[name]), SPECS[name], film(mixture, frame(SIZE))
    with cuda_engine_on_cpu(model, spec, seed) as engine:
        got = enlarged(engine, frames)
    with cuda_engine_on_cpu(model, spec, seed, remembers=False) as forgetful:
        assert are_equal(got, enlarged(forgetful, frames))
        assert forgetful.reused_tiles == 0


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("layout", [Layout(8, 1, 1), Layout(10, 0, 0)], ids=str)
def test_a_film_that_hardly_moves_is_computed_in_few_tiles_to_the_same_bits(name, layout):
    spec = pass_spec(SIZE, layout=layout, output=SPECS[name].output)
    model, done = model_of(MODELS[name]), Counter()
    frames = film([SQUARE] * 5, frame(SIZE, layout))
    with cuda_engine_on_cpu(model, spec, done=done) as engine:
        got = enlarged(engine, frames)
        assert engine.reused_tiles > 0
    # the first picture, and what the trial did; the others are tiles, but for the second
    assert done == Counter(whole=1 + 1 + TRIALS, trial=1, tile=done["tile"])
    with cuda_engine_on_cpu(model, spec, remembers=False) as forgetful:
        assert are_equal(got, enlarged(forgetful, frames))


def test_where_everything_moves_nothing_is_tried_and_nothing_is_kept():
    done = Counter()
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), done=done) as engine:
        enlarged(engine, film(["everything"] * 5, frame(SIZE)))
        assert engine.reused_tiles == 0
    assert done == Counter(whole=6)


def test_where_tiles_are_slow_every_picture_is_computed_whole():
    done = Counter()
    with cuda_engine_on_cpu(
        model_of(plain(2)), pass_spec(SIZE), done=done, tile_seconds=9.0
    ) as engine:
        enlarged(engine, film([SQUARE] * 5, frame(SIZE)))
        assert engine.reused_tiles == 0
    assert done["whole"] >= 6
    assert done["trial"] == 1


def test_worth_is_what_that_many_tiles_take():
    cost = TileCost(whole=10.0, one_tile=2.0, all_tiles=12.0, tiles=11)
    assert [count for count in range(12) if cost.is_worth(count)] == [0, 1, 2, 3, 4, 5, 6]
    assert TileCost(whole=3.0, one_tile=2.0, all_tiles=2.0, tiles=1).is_worth(1)


class Mean(Nearest):
    """Sees the whole picture, whatever its radius says: no tile of it is exact."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - 0.1 * x.mean())


def test_a_network_whose_tiles_differ_is_tried_once_and_never_tiled():
    frames, done = film([SQUARE] * 4, frame(SIZE)), Counter()
    with cuda_engine_on_cpu(model_of(Mean(2)), pass_spec(SIZE), done=done) as engine:
        got = enlarged(engine, frames)
        assert engine.reused_tiles == 0
    assert done["trial"] == 1
    with cuda_engine_on_cpu(model_of(Mean(2)), pass_spec(SIZE), remembers=False) as forgetful:
        assert are_equal(got, enlarged(forgetful, frames))


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_after_an_early_close_the_next_film_is_right(taken, seed):
    model, spec = model_of(plain(2)), pass_spec(SIZE)
    first = film([SQUARE, STILL, SQUARE, SQUARE, SQUARE], frame(SIZE))
    second = film([SQUARE, "everything", SQUARE, SQUARE, SQUARE], painted(first[-1], *SQUARE))
    with cuda_engine_on_cpu(model, spec, seed) as engine:
        enlarged(engine, first, taken)
        got = enlarged(engine, second)
        assert engine.reused_tiles > 0
    with cuda_engine_on_cpu(model, spec, remembers=False) as forgetful:
        assert are_equal(got, enlarged(forgetful, second))


@pytest.mark.parametrize("failing_at", range(1, 6))
def test_after_a_frame_that_failed_nothing_is_taken_over_from_it(failing_at):
    model, spec = model_of(plain(2)), pass_spec(SIZE)
    frames = film([SQUARE] * 6, frame(SIZE))
    with cuda_engine_on_cpu(model, spec, remembers=False) as forgetful:
        expected = enlarged(forgetful, frames)
    with cuda_engine_on_cpu(model, spec) as engine:
        upload, out = engine._flight._lanes.up.run, []
        for number, one in enumerate(frames):
            if number == failing_at:
                engine._flight._lanes.up.run = broken
                with pytest.raises(RuntimeError, match="bus"):
                    engine.start(one)
                engine._flight._lanes.up.run = upload
            else:
                done = engine.finish(engine.start(one))
                out.append(tuple(plane.copy() for plane in done.planes))
                del done
        assert engine.reused_tiles > 0
    del expected[failing_at]
    assert are_equal(out, expected)


def broken(work) -> None:
    raise RuntimeError("the bus is gone")


class Overflowing(Nearest):
    """Overflows in half precision, where a picture is bright."""

    def forward(self, x: Tensor) -> Tensor:
        is_half = x.dtype != torch.float32 or torch.is_autocast_enabled("cpu")
        x = super().forward(x)
        return torch.where(x > 0.9, x / 0, x) if is_half else x


def test_what_is_not_finite_is_redone_in_float32_though_it_stands_still():
    model, spec = model_of(Overflowing(2)), pass_spec(SIZE)
    dark = frame(SIZE)
    planes = [plane // 4 + 32 if plane is dark.planes[0] else plane for plane in dark.planes]
    planes[0][10:14, 10:14] = 240
    bright = HostFrame(planes=tuple(planes), pts=0, layout=Layout(), colour=BT709)
    frames, said = film([(60, 60, 6)] * 5, bright), []
    with cuda_engine_on_cpu(model, spec, precision="bf16", say=said.append) as engine:
        got = enlarged(engine, frames)
        assert engine.reused_tiles > 0
    with cuda_engine_on_cpu(model, spec, precision="bf16", remembers=False) as forgetful:
        assert are_equal(got, enlarged(forgetful, frames))
    assert len(said) == 1
    assert "redone in fp32" in said[0]
    # only the corner that overflowed: had it not been redone, it would be black or white
    assert got[-1][0][22:26, 22:26].min() > 200


@pytest.mark.parametrize("failing_at", [1, 66])
def test_without_room_for_tiles_reuse_goes_first_and_tiles_for_memory_stay(failing_at, monkeypatch):
    """In the trial, which computes 63 tiles, and later."""
    model, spec, done = model_of(plain(2)), pass_spec(SIZE), Counter()
    frames, said = film([SQUARE] * 9, frame(SIZE)), []
    with cuda_engine_on_cpu(model, spec, remembers=False) as forgetful:
        expected = enlarged(forgetful, frames)
    with cuda_engine_on_cpu(model, spec, done=done, is_prompt=True, say=said.append) as engine:
        from vsr.upscaling import kept

        update = kept.KeptOutput.update

        def full(self, picture, dirty):
            if done["tile"] >= failing_at:
                raise torch.cuda.OutOfMemoryError("simulated")
            return update(self, picture, dirty)

        monkeypatch.setattr(kept.KeptOutput, "update", full)
        assert are_equal(enlarged(engine, frames), expected)
        assert (engine.reused_tiles > 0) == (failing_at > 63)
        assert engine._network.core == SIZE
    assert said == []


def test_tiles_for_want_of_memory_leave_no_room_for_reuse():
    done = Counter()
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), tile=32, done=done) as engine:
        enlarged(engine, film([SQUARE] * 4, frame(SIZE)))
        assert engine.reused_tiles == 0
    assert done == Counter(whole=5)
