"""NIQE in its pieces, each against its formula, and whole against a published figure."""

import os
from math import gamma, sqrt
from pathlib import Path

import numpy as np
import pytest

from vsr.errors import InvalidCheckpoint, InvalidData, NoSuchFile
from vsr.media.images.pictures import read_picture
from vsr.metrics.niqe import (
    RATIOS,
    SHAPES,
    Pristine,
    asymmetric_gaussian,
    block_features,
    contrast_normalised,
    niqe,
)
from vsr.metrics.protocol import luma
from vsr.metrics.scores import gaussian

RNG = np.random.default_rng(5)
PRISTINE = Pristine(np.zeros(36), np.eye(36))


def test_normalisation_is_the_formula_with_the_border_repeated():
    plane = RNG.random((9, 8)) * 255
    window = np.outer(gaussian(7, 7 / 6), gaussian(7, 7 / 6))
    padded = np.pad(plane, 3, mode="edge")
    normalised = contrast_normalised(plane)
    for i, j in ((0, 0), (4, 3), (8, 7)):
        around = padded[i : i + 7, j : j + 7]
        mean = (window * around).sum()
        deviation = sqrt((window * (around - mean) ** 2).sum())
        assert normalised[i, j] == pytest.approx((plane[i, j] - mean) / (deviation + 1), abs=1e-9)


def test_ratios_are_those_of_the_gaussian_and_the_laplacian():
    def at(shape):
        return RATIOS[np.argmin(np.abs(SHAPES - shape))]

    assert at(2.0) == pytest.approx(2 / np.pi, abs=1e-6)
    assert at(1.0) == pytest.approx(1 / 2, abs=1e-6)


@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (0.5, 1.5)])
def test_the_parameters_of_a_half_gaussian_on_each_side_are_found(left, right):
    n = 400_000
    x = np.abs(RNG.normal(size=n))
    is_right = RNG.random(n) < right / (left + right)
    x = np.where(is_right, x * right, -x * left)
    shape, left_scale, right_scale = asymmetric_gaussian(x)
    assert shape == pytest.approx(2, abs=0.03)
    assert left_scale == pytest.approx(left * sqrt(2), rel=0.02)
    assert right_scale == pytest.approx(right * sqrt(2), rel=0.02)


def test_moments_are_matched_as_written():
    x = np.array([-2.0, -1.0, 0.0, 1.0, 3.0])
    shape, left, right = asymmetric_gaussian(x)
    left_std, right_std = sqrt(2.5), sqrt(5.0)
    g = left_std / right_std
    observed = (7 / 5) ** 2 / 3.0 * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    assert shape == SHAPES[np.argmin((RATIOS - observed) ** 2)]
    spread = sqrt(gamma(1 / shape) / gamma(3 / shape))
    assert (left, right) == pytest.approx((left_std * spread, right_std * spread), abs=1e-12)


def test_a_block_has_18_features_of_itself_and_its_four_neighbour_products():
    plane = RNG.normal(size=(8, 12))
    features = block_features(plane, 4)
    assert features.shape == (6, 18)
    block = plane[4:8, 8:12]
    shape, left, right = asymmetric_gaussian(block)
    assert features[5, :2] == pytest.approx([shape, (left + right) / 2])
    down = asymmetric_gaussian(block * np.roll(block, 1, axis=0))
    mean = (down[2] - down[1]) * gamma(2 / down[0]) / gamma(1 / down[0])
    assert features[5, 6:10] == pytest.approx([down[0], mean, down[1], down[2]])


def test_the_distance_is_0_from_its_own_statistics_and_grows_away():
    plane = np.round(RNG.random((96 * 3, 96 * 2)) * 219 + 16)
    far = niqe(plane, PRISTINE)
    assert far > 0
    nearer = Pristine(PRISTINE.mean + 1e-9, np.eye(36) * 1e6)
    assert niqe(plane, nearer) < far


def test_small_and_flat_pictures_are_refused():
    with pytest.raises(InvalidData, match="too small"):
        niqe(np.full((96, 191), 100.0), PRISTINE)
    with pytest.raises(InvalidData, match="too flat"):
        niqe(np.full((192, 192), 100.0), PRISTINE)


def test_the_pristine_model_is_read_from_a_file_or_refused(tmp_path):
    path = tmp_path / "niqe.npz"
    np.savez(path, mu_pris_param=np.ones((1, 36)), cov_pris_param=np.eye(36))
    assert Pristine.open(path).mean.tolist() == [1.0] * 36
    np.savez(path, mu_pris_param=np.ones((1, 35)), cov_pris_param=np.eye(36))
    for _ in range(2):
        with pytest.raises(InvalidCheckpoint, match="NIQE"):
            Pristine.open(path)
        path.write_bytes(b"no archive")
    with pytest.raises(NoSuchFile):
        Pristine.open(tmp_path / "none.npz")


@pytest.mark.data
def test_baboon_has_the_value_that_the_field_knows():
    data = Path(os.environ["VSR_DATA"])
    pristine = Pristine.open(data / "weights" / "niqe_pris_params.npz")
    picture = read_picture(data / "benchmarks" / "Set14" / "baboon.png")
    # 5.7296 is what the unit test of the toolbox BasicSR expects for this picture.
    assert niqe(luma(picture), pristine) == pytest.approx(5.7296, abs=2e-4)
