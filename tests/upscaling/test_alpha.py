"""What is hidden has the nearest visible colour; alpha is enlarged apart from the colours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.frames import HostFrame, Layout
from vsr.upscaling.alpha import enlarged_plane, nearest, with_hidden_filled, with_straight_colours
from vsr.values import Size


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.9))
def test_the_nearest_visible_sample_is_exact(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    visible = rng.random((13, 11)) < share
    visible[rng.integers(13), rng.integers(11)] = True
    row, column = nearest(visible)
    assert visible[row, column].all()
    rows, columns = np.nonzero(visible)
    at = np.stack(np.meshgrid(range(13), range(11), indexing="ij"), -1)[:, :, None]
    wanted = ((at - np.stack([rows, columns], -1)) ** 2).sum(-1).min(-1)
    got = (row - at[..., 0, 0]) ** 2 + (column - at[..., 0, 1]) ** 2
    np.testing.assert_array_equal(got, wanted)


def test_far_from_everything_some_visible_colour_is_taken() -> None:
    visible = np.zeros((40, 90), bool)
    visible[3, 2] = True
    row, column = nearest(visible)
    assert (row == 3).all()
    assert (column == 2).all()


def test_hidden_colours_are_replaced_and_visible_ones_stay() -> None:
    rng = np.random.default_rng(1)
    planes = (
        rng.integers(0, 255, (8, 12), np.uint8),
        rng.integers(0, 255, (4, 6), np.uint8),
        rng.integers(0, 255, (4, 6), np.uint8),
    )
    alpha = np.zeros((8, 12), np.uint8)
    alpha[2:6, 4:8] = 1
    frame = HostFrame(planes=planes, pts=0, layout=Layout(8, 1, 1), alpha=alpha)
    filled = with_hidden_filled(frame)
    np.testing.assert_array_equal(filled.planes[0][2:6, 4:8], planes[0][2:6, 4:8])
    assert (filled.planes[0][0, :4] == planes[0][2, 4]).all()
    np.testing.assert_array_equal(filled.planes[1][1:3, 2:4], planes[1][1:3, 2:4])
    assert filled.planes[1][0, 0] == planes[1][1, 2]


@pytest.mark.parametrize("value", [0, 255])
def test_what_is_opaque_or_hidden_everywhere_is_left_alone(value: int) -> None:
    planes = (np.arange(16, dtype=np.uint8).reshape(4, 4),)
    layout = Layout(8, 0, 0, is_gray=True)
    frame = HostFrame(planes=planes, pts=0, layout=layout, alpha=np.full((4, 4), value, np.uint8))
    assert with_hidden_filled(frame) is frame


def test_alpha_keeps_its_ends_at_any_depth() -> None:
    alpha = np.zeros((10, 10), np.uint8)
    alpha[:, 5:] = 255
    large = enlarged_plane(alpha, Size(30, 20), 8, 10)
    assert large.shape == (20, 30)
    assert (large[:, 0].max(), large[:, -1].min()) == (0, 1023)
    assert 0 < large[0, 14] < 1023


def test_colours_multiplied_by_alpha_are_divided() -> None:
    alpha = np.array([[255, 128, 51, 0]], np.uint8)
    colour = np.array([[200, 200, 200, 16]], np.float64)
    multiplied = np.rint(16 + (colour - 16) * alpha / 255).astype(np.uint8)
    layout = Layout(8, 0, 0, is_gray=True)
    frame = HostFrame(planes=(multiplied,), pts=0, layout=layout, alpha=alpha)
    straight = with_straight_colours(frame).planes[0]
    np.testing.assert_allclose(straight, colour, atol=3)
