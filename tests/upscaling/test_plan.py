from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.errors import InvalidOption, Refused
from vsr.upscaling.plan import plan_sizes
from vsr.values import OutputSize, Size

HD = OutputSize(width=1920, height=1080)
UHD = OutputSize(width=3840, height=2160)
SQUARE = Fraction(1)
PAL_WIDE = Fraction(64, 45)


@pytest.mark.parametrize(
    ("source", "target"), [(Size(480, 270), HD), (Size(960, 540), UHD), (Size(270, 480), HD)]
)
def test_the_presets_are_a_pure_times_four_for_their_source(source, target):
    plan = plan_sizes(source, SQUARE, target, (2, 4))
    assert (plan.scale, plan.output) == (4, source.scaled(4))
    assert not plan.needs_resize


@pytest.mark.parametrize(
    ("source", "sar", "scale", "output"),
    [
        (Size(854, 480), SQUARE, 4, Size(1920, 1080)),
        (Size(1280, 720), SQUARE, 2, Size(1920, 1080)),
        (Size(640, 480), SQUARE, 4, Size(1440, 1080)),
        (Size(480, 640), SQUARE, 4, Size(1080, 1440)),
        (Size(720, 576), PAL_WIDE, 4, Size(1920, 1080)),
        (Size(720, 480), Fraction(8, 9), 4, Size(1440, 1080)),
        (Size(720, 300), SQUARE, 4, Size(1920, 800)),
    ],
)
def test_a_box_is_fitted_with_square_pixels(source, sar, scale, output):
    plan = plan_sizes(source, sar, HD, (2, 4))
    assert (plan.scale, plan.output, plan.sar) == (scale, output, SQUARE)


def test_a_pure_scale_keeps_the_sample_aspect_ratio():
    plan = plan_sizes(Size(720, 576), PAL_WIDE, OutputSize(scale=2), (2, 4))
    assert (plan.scale, plan.output, plan.sar) == (2, Size(1440, 1152), PAL_WIDE)


def test_a_scale_between_two_is_the_larger_one_resized():
    plan = plan_sizes(Size(100, 80), SQUARE, OutputSize(scale=3), (2, 4))
    assert (plan.scale, plan.network, plan.output) == (4, Size(400, 320), Size(300, 240))
    assert str(plan) == "100×80 → ×4 400×320 → resize 300×240"


def test_a_target_beyond_the_network_is_reached_by_the_resize():
    plan = plan_sizes(Size(320, 180), SQUARE, UHD, (2, 4))
    assert (plan.scale, plan.network, plan.output) == (4, Size(1280, 720), Size(3840, 2160))


def test_one_side_of_a_box_may_be_left_open():
    plan = plan_sizes(Size(400, 300), SQUARE, OutputSize(height=1080), (4,))
    assert plan.output == Size(1440, 1080)


def test_odd_sides_come_out_even_without_a_larger_network():
    plan = plan_sizes(Size(161, 121), SQUARE, OutputSize(scale=1), range(1, 9))
    assert (plan.scale, plan.output) == (1, Size(162, 122))


@pytest.mark.parametrize("source", [Size(1920, 1080), Size(4096, 2160), Size(1080, 1920)])
def test_a_source_at_or_above_the_target_is_refused_naming_both(source):
    with pytest.raises(Refused, match=rf"{source}.*(1920×1080|1080×1920)"):
        plan_sizes(source, SQUARE, HD, (2, 4))


def test_a_source_shown_as_large_as_the_target_is_refused():
    with pytest.raises(Refused, match="shown as 1920×1080"):
        plan_sizes(Size(1440, 1080), Fraction(4, 3), HD, (2, 4))


def test_what_is_said_of_a_turned_source_is_what_is_seen():
    with pytest.raises(Refused, match="480×640, at or above the target 320×any"):
        plan_sizes(Size(640, 480), SQUARE, OutputSize(width=320), (2,), is_turned=True)
    plan = plan_sizes(Size(640, 480), SQUARE, OutputSize(width=960), (2,), is_turned=True)
    assert (plan.output, plan.turned().output) == (Size(1280, 960), Size(960, 1280))


def test_scale_one_restores_with_the_largest_scale():
    plan = plan_sizes(Size(96, 64), Fraction(1), OutputSize(scale=1), (2, 4))
    assert (plan.scale, plan.output) == (4, Size(96, 64))
    assert "as much work as --scale 4" in (plan.restoring_note or "")
    exact = plan_sizes(Size(96, 64), Fraction(1), OutputSize(scale=1), (1, 4))
    assert (exact.scale, exact.restoring_note) == (1, None)


def test_a_model_without_scales_and_a_bad_aspect_are_refused():
    with pytest.raises(InvalidOption, match="no scale"):
        plan_sizes(Size(100, 80), SQUARE, HD, ())
    with pytest.raises(InvalidOption, match="aspect"):
        plan_sizes(Size(100, 80), Fraction(0), HD, (4,))


sides = st.integers(2, 1000)
aspects = st.fractions(Fraction(1, 3), Fraction(3), max_denominator=100)


@given(sides, sides, aspects)
def test_every_fitted_size_is_even_inside_the_box_and_of_the_right_shape(width, height, sar):
    try:
        plan = plan_sizes(Size(width, height), sar, UHD, (2, 4))
    except Refused:
        return
    long, short = max(plan.output.width, plan.output.height), 0
    short = min(plan.output.width, plan.output.height)
    assert plan.output.width % 2 == plan.output.height % 2 == 0
    assert long <= 3840
    assert short <= 2160
    shown = width * sar / height
    # each side is at most one pixel off
    low = Fraction(plan.output.width - 1, plan.output.height + 1)
    assert low <= shown or plan.output.width == 2
    assert shown <= Fraction(plan.output.width + 1, max(1, plan.output.height - 1)) or (
        plan.output.height == 2
    )


@given(sides, sides, st.integers(1, 8))
def test_the_smallest_reaching_network_scale_is_taken(width, height, scale):
    plan = plan_sizes(Size(width, height), SQUARE, OutputSize(scale=scale), range(1, 9))
    assert plan.scale == scale


@given(st.integers(1, 400), st.integers(1, 400), st.fractions(1, 8, max_denominator=100))
def test_a_fraction_gives_the_nearest_even_sides(width, height, factor):
    plan = plan_sizes(Size(width, height), SQUARE, OutputSize(scale=factor), (1, 2, 4))
    for side, exact in zip(
        (plan.output.width, plan.output.height), (width * factor, height * factor), strict=True
    ):
        assert side % 2 == 0
        assert abs(side - exact) <= 1 or side == 2
