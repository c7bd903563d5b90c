import numpy as np
import pytest

from vsr.kernels import BOX, CATMULL_ROM, TRIANGLE
from vsr.training.damage.camera import gaussian, low_pass, one_field, resampled

SIDE = 48
ALL = {
    "blur": gaussian(SIDE, 1.0),
    "scaled": resampled(SIDE, 31, CATMULL_ROM),
    "boxes": resampled(SIDE, 24, BOX, TRIANGLE),
    "cut off": low_pass(SIDE, 0.6),
    "field": one_field(SIDE, 0),
}


@pytest.mark.parametrize("matrix", ALL.values(), ids=ALL)
def test_tones_stay_and_nothing_moves(matrix):
    assert matrix.sum(axis=1) == pytest.approx(1)
    moved = (matrix @ np.arange(SIDE) - np.arange(SIDE))[12:-12]
    assert abs(moved.mean()) < 1e-3
    assert np.abs(moved).max() <= 0.5  # of boxes
    assert np.abs(moved).max() < 0.02 or matrix is ALL["boxes"]


def test_a_blur_spreads_a_point_by_its_deviation():
    spread = gaussian(SIDE, 1.5)[SIDE // 2]
    distance = np.arange(SIDE) - SIDE // 2
    assert np.sqrt((spread * distance**2).sum()) == pytest.approx(1.5, abs=1e-3)
    assert np.array_equal(gaussian(SIDE, 0), np.eye(SIDE))


def test_what_is_cut_off_rings_and_lacks_the_finest_pattern():
    matrix = low_pass(SIDE, 0.6)
    step = (np.arange(SIDE) >= SIDE // 2) * 1.0
    assert (matrix @ step).max() > 1.05
    finest = (-1.0) ** np.arange(SIDE)
    assert np.abs(matrix @ finest)[12:-12].max() < 0.1


def test_a_field_keeps_its_lines_and_interpolates_the_others():
    line = np.random.default_rng(0).random(SIDE)
    kept = one_field(SIDE, 1) @ line
    assert np.array_equal(kept[1::2], line[1::2])
    assert kept[2:-1:2] == pytest.approx((line[1:-2:2] + line[3::2]) / 2)
