"""Still tiles when a film is closed early, a frame fails or overflows, or memory runs out."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.upscaling.stand_in import cuda_engine_on_cpu
from tests.upscaling.still_films import SIZE, SQUARE, STILL, are_equal, enlarged, film, painted
from tests.upscaling.toys import BT709, Nearest, frame, model_of, pass_spec, plain
from vsr.frames import HostFrame, Layout
from vsr.upscaling.tiles.tile_cache import KeptOutput


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
        update = KeptOutput.update

        def full(self, picture, dirty):
            if done["tile"] >= failing_at:
                raise torch.cuda.OutOfMemoryError("simulated")
            return update(self, picture, dirty)

        monkeypatch.setattr(KeptOutput, "update", full)
        assert are_equal(enlarged(engine, frames), expected)
        assert (engine.reused_tiles > 0) == (failing_at > 63)
        assert engine._network.core == SIZE
    assert said == []
