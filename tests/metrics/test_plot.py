"""The plot: its axes enclose the values, its curves pass through them."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vsr.metrics.plot import HEIGHT, MARGIN_LEFT, WIDTH, Panel, PlotAxis, draw_panels

COLOUR = (20, 90, 180)


def panel(*values, **changes):
    points = list(enumerate(values, 1))
    return Panel(**{"title": "dB", "curves": {"psnr": points}, "colour": COLOUR} | changes)


@given(st.floats(0, 100), st.floats(0, 100))
@example(0.0, 5e-324)
@example(100.0, 100.00000000000001)
def test_an_axis_encloses_its_values_with_few_even_ticks(a, b):
    axis = PlotAxis.around([a, b])
    assert axis.low <= min(a, b) + 1e-6
    assert axis.high >= max(a, b) - 1e-6
    assert 2 <= len(axis.ticks) <= 8
    steps = [y - x for x, y in pairwise(axis.ticks)]
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


@pytest.mark.parametrize("last", [1, 2, 3, 50])
def test_what_is_counted_has_whole_ticks(last):
    assert all(tick == round(tick) for tick in PlotAxis.around([1, last], finest=1.0).ticks)


@pytest.mark.parametrize("values", [[30.0], [30.0, 30.0], [28.0, 31.5, 30.0], list(range(500))])
def test_a_curve_is_drawn(values):
    page = draw_panels([panel(*values)])
    assert page.size == (WIDTH, HEIGHT)
    assert COLOUR in {color for _, color in page.getcolors(1 << 20)}


@pytest.mark.parametrize("is_logarithmic", [False, True])
def test_higher_values_are_drawn_higher(is_logarithmic):
    page = draw_panels([panel(20.0, 3000.0, is_logarithmic=is_logarithmic)])
    rows = {y: x for y in range(HEIGHT) for x in range(WIDTH) if page.getpixel((x, y)) == COLOUR}
    assert rows[max(rows)] < rows[min(rows)]
    assert min(rows.values()) >= MARGIN_LEFT


def test_panels_go_below_each_other():
    page = draw_panels([panel(1.0, 2.0), panel(3.0, 4.0, colour=(196, 78, 40))])
    assert page.size == (WIDTH, 2 * HEIGHT)
    lower = page.crop((0, HEIGHT, *page.size))
    assert COLOUR not in {color for _, color in lower.getcolors(1 << 20)}


def test_nothing_cannot_be_plotted():
    with pytest.raises(ValueError, match="nothing"):
        panel()
