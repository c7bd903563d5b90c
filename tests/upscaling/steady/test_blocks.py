import numpy as np
import pytest

from vsr.upscaling.steady.blocks import counts, extreme, smoothed, spread, sums


def test_blocks_are_summed_up_and_the_last_ones_may_be_cut():
    picture = np.arange(20, dtype=np.int32).reshape(4, 5)
    assert sums(picture, 4).tolist() == [[picture[:, :4].sum(), picture[:, 4].sum()]]
    assert counts((4, 5), 4).tolist() == [[16, 4]]


def test_what_is_even_stays_so():
    even = np.full((3, 2), 7, np.int32)
    assert (smoothed(even) == 16 * 7).all()
    assert (spread(even, 8, (20, 13)) == 7).all()


@pytest.mark.parametrize("side", [2, 4, 8])
def test_between_the_middles_of_blocks_values_are_linear(side: int):
    rng = np.random.default_rng(0)
    values = rng.integers(-9000, 9000, (2, 3, 4)).astype(np.int32)
    rows, columns = 3 * side - 1, 4 * side
    found = spread(values, side, (rows, columns))
    places = [(np.arange(length) + 0.5) / side - 0.5 for length in (rows, columns)]
    for own, block in zip(found, values, strict=True):
        across = np.stack([np.interp(places[1], np.arange(4), row) for row in block])
        expected = np.stack([np.interp(places[0], np.arange(3), column) for column in across.T], 1)
        assert np.abs(own - expected).max() <= 0.5


def test_smoothing_weighs_the_middle_most():
    dot = np.zeros((5, 5), np.int32)
    dot[2, 2] = 1
    assert smoothed(dot)[1:4, 1:4].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


def test_the_extreme_of_nine_is_found_at_edges_too():
    picture = np.zeros((4, 5), np.int32)
    picture[0, 0], picture[2, 3] = 9, -9
    assert extreme(picture, np.maximum).tolist() == [[9, 9, 0, 0, 0]] * 2 + [[0] * 5] * 2
    assert extreme(picture, np.minimum).tolist() == [[0] * 5] + [[0, 0, -9, -9, -9]] * 3
