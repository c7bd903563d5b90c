"""How visible a grid of blocks is."""

import numpy as np

from vsr.metrics.defects import blockiness


def smooth(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (128, 160))
    for axis in (0, 1):
        x = sum(np.roll(x, shift, axis) for shift in range(9))
    return np.clip(128 + 2 * x, 16, 235)


def blocked(picture: np.ndarray, share: float) -> np.ndarray:
    rows, columns = picture.shape
    means = picture.reshape(rows // 8, 8, columns // 8, 8).mean(axis=(1, 3))
    return (1 - share) * picture + share * means.repeat(8, 0).repeat(8, 1)


def test_a_picture_without_a_grid_has_none():
    assert blockiness(smooth()) < 0.1


def test_the_more_of_a_grid_the_more():
    found = [blockiness(blocked(smooth(), share)) for share in (0, 0.3, 0.6, 0.9)]
    assert found == sorted(found)
    assert found[-1] > 0.5


def test_a_grid_that_lies_elsewhere_is_none_of_the_codec():
    moved = np.roll(blocked(smooth(), 0.9), (3, 3), (0, 1))
    assert blockiness(moved) < 0.1


def test_the_edge_of_a_caption_on_the_grid_is_no_grid():
    captioned = smooth()
    captioned[64:96] = 16
    assert blockiness(captioned) < 0.1


def test_a_slope_a_flat_and_a_tiny_picture_have_none():
    slope = np.add.outer(np.arange(64.0), np.arange(64.0))
    assert blockiness(slope) == 0
    assert blockiness(np.full((64, 64), 100, np.uint8)) == 0
    assert blockiness(np.zeros((8, 8), np.uint8)) == 0
