import numpy as np
import pytest

from tests.upscaling.steady.scenes import shown, texture
from vsr.upscaling.steady.motion import PARTS, Seen, motion_between


@pytest.mark.parametrize(
    ("down", "right"), [(0, 0), (0.25, -0.5), (-1.5, 3.25), (6.0, -9.0), (0, 0.125)]
)
def test_a_picture_that_moves_is_found(down: float, right: float):
    whole = texture(192, 256)
    found = motion_between(Seen(shown(whole, 0, 0)), Seen(shown(whole, down, right)))
    inner = found[:, 2:-2, 2:-2]  # what comes in at an edge was not seen before
    assert np.abs(np.median(inner, (1, 2)) / PARTS - (down, right)).max() <= 1 / PARTS
    off = np.abs(inner / PARTS - np.array([down, right])[:, None, None])
    assert np.quantile(off, 0.95) <= 0.25


def test_two_things_move_in_two_ways():
    left, right = texture(96, 96, 1), texture(96, 96, 2)
    first, second = (
        np.hstack((shown(left, step, 0), shown(right, 0, -2 * step))) for step in (0, 1)
    )
    found = motion_between(Seen(first), Seen(second))
    assert np.median(found[0, 2:-2, 2:9]) == PARTS
    assert np.median(found[1, 2:-2, 15:-2]) == -2 * PARTS


def test_flat_places_stay_where_they_are():
    rng = np.random.default_rng(0)
    first, second = (rng.integers(127, 130, (64, 64)).astype(np.uint8) for _ in range(2))
    assert np.abs(motion_between(Seen(first), Seen(second))).max() <= PARTS // 2


def test_what_does_not_change_does_not_move():
    seen = Seen(shown(texture(64, 80), 0, 0))
    assert not motion_between(seen, seen).any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (30, 200), (100, 101)])
def test_frames_of_any_size_can_be_compared(shape: tuple[int, int]):
    rng = np.random.default_rng(0)
    one, other = (Seen(rng.integers(0, 256, shape).astype(np.uint8)) for _ in range(2))
    blocks = tuple(-(-side // 8) for side in shape)
    assert motion_between(one, other).shape == (2, *blocks)
