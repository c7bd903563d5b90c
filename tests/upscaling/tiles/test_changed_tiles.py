import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.upscaling.toys import BT709, frame, model_of, pass_spec, plain
from vsr.frames import HostFrame, Layout
from vsr.models.plain import fast, lite
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.tiles.tile_cache import TileMemory, dirty_so_far
from vsr.upscaling.tiles.tiling import windows
from vsr.values import Size

SIZE = Size(200, 150)


def painted(source: HostFrame, rows: slice, columns: slice, plane: int = 0) -> HostFrame:
    """The same frame with a rectangle of one plane inverted."""
    planes = [own.copy() for own in source.planes]
    planes[plane][rows, columns] = 255 - planes[plane][rows, columns]
    return HostFrame(planes=tuple(planes), pts=source.pts + 1, layout=source.layout, colour=BT709)


def recomputed(model, spec, frames) -> list[HostFrame]:
    out = []
    for one in frames:
        with CpuEngine.open(model, spec) as engine:
            out.append(engine.finish(engine.start(one)))
    return out


@pytest.mark.parametrize("layout", [Layout(8, 1, 1), Layout(8, 0, 0)], ids=str)
@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_reused_is_recomputed_bit_for_bit(layout, colour):
    model, spec = model_of(plain(2, colour)), pass_spec(SIZE, layout=layout)
    first = frame(SIZE, layout)
    second = painted(first, slice(60, 70), slice(100, 120))
    third = painted(second, slice(5, 7), slice(3, 9), plane=1)
    frames = [first, second, third, first]
    with CpuEngine.open(model, spec) as engine:
        got = [engine.finish(engine.start(one)) for one in frames]
        assert engine.reused_tiles > 0
    for mine, theirs in zip(got, recomputed(model, spec, frames), strict=True):
        assert mine.has_equal_planes(theirs)


NETS = {"fast": fast(2), "lite": lite(2)}
SMALL = Size(192, 100)
rectangles = st.tuples(
    st.integers(0, 2), st.integers(0, 95), st.integers(0, 187), st.integers(1, 40)
)
changes = st.one_of(st.just("still"), st.just("everything"), rectangles)


def changed(source: HostFrame, change) -> HostFrame:
    if change == "still":
        return painted(source, slice(0, 0), slice(0, 0))
    if change == "everything":
        return frame(SMALL, pts=source.pts + 1, seed=source.pts + 1)
    plane, top, left, side = change
    shrink = 2 if plane else 1
    return painted(
        source,
        slice(top // shrink, (top + side) // shrink + 1),
        slice(left // shrink, (left + side) // shrink + 1),
        plane,
    )


@pytest.mark.parametrize("name", [pytest.param("fast", marks=pytest.mark.slow), "lite"])
@settings(deadline=None, max_examples=8)
@given(st.lists(changes, min_size=2, max_size=4))
def test_any_mixture_of_still_and_moving_is_as_if_all_were_computed(name, mixture):
    model, spec = model_of(NETS[name]), pass_spec(SMALL)
    frames = [frame(SMALL)]
    for change in mixture:
        frames.append(changed(frames[-1], change))
    with (
        CpuEngine.open(model, spec) as engine,
        CpuEngine.open(model, spec, remembers=False) as forgetful,
    ):
        for one in frames:
            mine, theirs = (own.finish(own.start(one)) for own in (engine, forgetful))
            assert mine.has_equal_planes(theirs)
        assert engine.reused_tiles > 0 or "still" not in mixture
        assert forgetful.reused_tiles == 0


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 149), st.integers(0, 199), st.integers(0, 2), st.integers(0, 12))
def test_a_changed_sample_dirties_every_window_that_sees_it(row, column, plane, halo):
    source = frame(SIZE)
    if plane:
        row, column = row // 2, column // 2
    tiles = windows(SIZE, Size(64, 64), halo)
    changed = painted(source, slice(row, row + 1), slice(column, column + 1), plane)
    *_, dirty = dirty_so_far(source, changed, tiles)
    grow = 2 if plane else 1
    for number, tile in enumerate(tiles):
        sees = (
            tile.rows.first < (row + 1) * grow
            and row * grow < tile.rows.end
            and tile.columns.first < (column + 1) * grow
            and column * grow < tile.columns.end
        )
        assert number in dirty or not sees
    assert len(dirty) < len(tiles) or halo > 0


def test_equal_frames_dirty_nothing():
    tiles = windows(SIZE, Size(64, 64), 10)
    assert not any(dirty_so_far(frame(SIZE), frame(SIZE), tiles))


def test_a_network_whose_tiles_differ_is_never_tiled():
    """The mean over its input makes every tile differ from the whole."""
    calls = []

    def net(picture: torch.Tensor) -> torch.Tensor:
        calls.append(picture.shape)
        return picture - picture.mean()

    memory = TileMemory(net, SIZE, 2, 1)
    first = frame(SIZE)
    second = painted(first, slice(0, 2), slice(0, 2))
    for one in (first, second):
        picture = torch.from_numpy(one.planes[0])[None, None].float()
        assert torch.equal(memory.run(one, picture), picture - picture.mean())
    assert memory.reused == 0
    assert calls[-1] == (1, 1, 150, 200)


def test_a_picture_that_changed_all_over_is_computed_whole():
    calls = []

    def net(picture: torch.Tensor) -> torch.Tensor:
        calls.append(picture.shape)
        return picture * 2

    memory = TileMemory(net, SIZE, 2, 1)
    for seed in (1, 2):
        memory.run(frame(SIZE, seed=seed), torch.rand(1, 1, 150, 200))
    assert calls == [(1, 1, 150, 200)] * 2
