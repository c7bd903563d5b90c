import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.upscaling.toys import Nearest, plain, rrdb, swift
from vsr.errors import Failed
from vsr.models.traits import traits_of
from vsr.upscaling.tiles.tiling import core_that_fits, run_tiled, smaller, windows
from vsr.values import Size

sides = st.integers(1, 70)
sizes = st.builds(Size, sides, sides)


@given(sizes, sizes, st.integers(0, 20), st.sampled_from([1, 2, 4]))
def test_cores_cover_each_pixel_once_and_lie_in_their_windows(size, core, halo, multiple):
    seen = np.zeros((size.height, size.width), dtype=int)
    for tile in windows(size, core, halo, multiple):
        rows, columns = tile.rows, tile.columns
        seen[rows.core : rows.core_end, columns.core : columns.core_end] += 1
        for span, length in ((rows, size.height), (columns, size.width)):
            assert span.first % multiple == 0 <= span.first <= max(0, span.core - halo)
            assert min(length, span.core_end + halo) <= span.end <= length
    assert (seen == 1).all()


@given(sizes, sizes, st.integers(0, 20), st.sampled_from([1, 2, 4]))
def test_all_windows_have_one_shape(size, core, halo, multiple):
    shapes = {
        (tile.rows.end - tile.rows.first, tile.columns.end - tile.columns.first)
        for tile in windows(size, core, halo, multiple)
    }
    assert len(shapes) == 1


@settings(deadline=None)
@given(sizes, sizes, st.integers(0, 5), st.integers(1, 4))
def test_an_identity_network_tiled_is_the_whole_bit_for_bit(size, core, halo, scale):
    picture = torch.rand(1, 3, size.height, size.width)
    net = Nearest(scale)
    with torch.no_grad():
        assert torch.equal(run_tiled(net, picture, windows(size, core, halo), scale), net(picture))


@settings(max_examples=15, deadline=None)
@given(st.builds(Size, st.integers(10, 60), st.integers(10, 60)), st.integers(8, 40))
def test_a_real_network_tiled_is_the_whole(size, side):
    net = plain(2).double()
    picture = torch.rand(1, 3, size.height, size.width, dtype=torch.float64)
    tiles = windows(size, Size(side, side), traits_of(net).radius)
    with torch.no_grad():
        torch.testing.assert_close(
            run_tiled(net, picture, tiles, 2), net(picture), rtol=0, atol=1e-12
        )


def test_a_network_at_high_resolution_tiled_is_the_whole():
    net = swift(2).double()
    picture = torch.rand(1, 3, 50, 60, dtype=torch.float64)
    tiles = windows(Size(60, 50), Size(16, 16), traits_of(net).radius)
    assert len(tiles) == 16
    torch.testing.assert_close(run_tiled(net, picture, tiles, 2), net(picture), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [Size(90, 61), Size(63, 87)], ids=str)
@pytest.mark.parametrize("multiple", [1, 2, 4])
def test_a_network_on_cells_tiled_is_the_whole_at_any_side(size, multiple):
    net = rrdb(multiple).double()
    picture = torch.rand(1, 3, size.height, size.width, dtype=torch.float64)
    tiles = windows(size, Size(19, 21), traits_of(net).radius, multiple)
    assert len(tiles) > 6
    whole = net(picture)
    torch.testing.assert_close(run_tiled(net, picture, tiles, net.scale), whole, rtol=0, atol=1e-12)


def test_a_halo_one_pixel_short_shows():
    net = plain(2).double()
    picture = torch.rand(1, 3, 40, 40, dtype=torch.float64)
    tiles = windows(Size(40, 40), Size(16, 16), traits_of(net).radius - 1)
    with torch.no_grad():
        assert not torch.allclose(run_tiled(net, picture, tiles, 2), net(picture), atol=1e-9)


def test_tiles_keep_channels_last():
    net = plain(2).to(memory_format=torch.channels_last)
    picture = torch.rand(1, 3, 20, 20).to(memory_format=torch.channels_last)
    with torch.no_grad():
        whole = run_tiled(net, picture, windows(Size(20, 20), Size(8, 8), 1), 2)
    assert whole.is_contiguous(memory_format=torch.channels_last)


def test_a_picture_that_fits_is_not_cut():
    assert core_that_fits(Size(100, 50), 10, 4.0, 100 * 50 * 4) == Size(100, 50)


def test_strips_of_full_width_come_before_squares():
    core = core_that_fits(Size(100, 400), 5, 1.0, 100 * 90)
    assert core == Size(100, 80)


def test_squares_come_where_a_strip_would_be_all_halo():
    core = core_that_fits(Size(4000, 2000), 40, 1.0, 200 * 200)
    assert core.width <= 120
    assert core.height <= 120


@given(sizes, st.integers(0, 12), st.floats(1, 100), st.integers(1, 10**6))
def test_the_chosen_window_stays_within_the_budget(size, halo, bytes_per_pixel, budget):
    try:
        core = core_that_fits(size, halo, bytes_per_pixel, budget)
    except Failed as error:
        assert "smaller model" in str(error)  # noqa: PT017 # either outcome is checked
        return
    window = windows(size, core, halo)[0]
    height = window.rows.end - window.rows.first
    width = window.columns.end - window.columns.first
    assert height * width * bytes_per_pixel <= budget * (1 + 1e-9)


def test_smaller_halves_until_it_cannot():
    core: Size | None = Size(64, 40)
    seen = []
    while core is not None:
        seen.append(core)
        core = smaller(core)
    assert seen == [Size(64, 40), Size(32, 40), Size(32, 20), Size(16, 20)]


def test_no_tiles_is_an_error():
    with pytest.raises(ValueError, match="no tiles"):
        run_tiled(Nearest(2), torch.rand(1, 3, 4, 4), [], 2)
