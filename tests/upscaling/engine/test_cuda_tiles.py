"""The CUDA engine with still tiles, on simulated lanes: only the calls of CUDA are replaced."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.upscaling.stand_in import cuda_engine_on_cpu
from tests.upscaling.still_films import SIZE, SQUARE, STILL, are_equal, enlarged, film
from tests.upscaling.toys import Nearest, Shifted, frame, model_of, pass_spec, plain
from vsr.frames import Layout
from vsr.upscaling.engine.cuda_slots import TRIALS
from vsr.upscaling.tiles.tile_cache import TileCost
from vsr.values import Size

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


def test_tiles_for_want_of_memory_leave_no_room_for_reuse():
    done = Counter()
    with cuda_engine_on_cpu(model_of(plain(2)), pass_spec(SIZE), tile=32, done=done) as engine:
        enlarged(engine, film([SQUARE] * 4, frame(SIZE)))
        assert engine.reused_tiles == 0
    assert done == Counter(whole=5)
