"""The plot: its grid encloses the values, its line passes through them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.metrics.plot import LINE, SIZE, grid_levels, line_plot


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_grid_encloses_its_values_with_few_even_steps(a, b):
    low, high = sorted((a, b))
    levels = grid_levels(low, high)
    assert levels[0] <= low + 1e-6
    assert levels[-1] >= high - 1e-6
    assert 3 <= len(levels) <= 9
    steps = [y - x for x, y in pairwise(levels)]
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


@pytest.mark.parametrize("values", [[30.0], [30.0, 30.0], [28.0, 31.5, 30.0], list(range(500))])
def test_a_line_is_drawn(values):
    page = line_plot(values, "psnr_y in dB")
    assert page.size == SIZE
    assert LINE in {color for _, color in page.getcolors(1 << 20)}


def test_higher_values_are_drawn_higher():
    page = line_plot([20.0, 30.0], "dB").load()
    column_rows = [[y for y in range(SIZE[1]) if page[x, y] == LINE] for x in (70, SIZE[0] - 20)]
    assert min(column_rows[0]) > min(column_rows[1])


def test_nothing_cannot_be_plotted():
    with pytest.raises(ValueError, match="nothing"):
        line_plot([], "dB")
