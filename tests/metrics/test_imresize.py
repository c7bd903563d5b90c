"""MATLAB's bicubic: against Keys' formula and against Pillow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vsr.errors import InvalidOption
from vsr.kernels import CATMULL_ROM, imresize, resize_matrix

RNG = np.random.default_rng(0)


def test_doubling_has_the_four_taps_of_a_quarter_pixel():
    row = resize_matrix(8, 16)[7]  # at 7.5 / 2 - 0.5 = 3.25
    assert row[2:6].tolist() == [-0.0703125, 0.8671875, 0.2265625, -0.0234375]
    assert np.count_nonzero(row) == 4


def slow(signal, target):
    """The definition, sample by sample, the border mirrored."""
    length, scale = len(signal), target / len(signal)
    shrink = min(scale, 1)
    out = []
    for i in range(target):
        centre = (i + 0.5) / scale - 0.5
        total = weight_sum = 0.0
        for j in range(-3 * length, 4 * length):
            weight = float(CATMULL_ROM.value(np.array((centre - j) * shrink)))
            k = j % (2 * length)
            total += weight * signal[min(k, 2 * length - 1 - k)]
            weight_sum += weight
        out.append(total / weight_sum)
    return out


@pytest.mark.parametrize(("length", "target"), [(16, 4), (9, 3), (5, 20), (7, 10), (10, 7), (3, 1)])
def test_a_side_is_resized_as_the_definition_says(length, target):
    signal = RNG.random(length)
    resized = imresize(signal[:, None], target, 1)[:, 0]
    np.testing.assert_allclose(resized, slow(signal, target), rtol=0, atol=1e-12)


@given(st.integers(1, 40), st.integers(1, 40))
def test_rows_sum_to_1_and_mirroring_commutes(length, target):
    matrix = resize_matrix(length, target)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(matrix, matrix[::-1, ::-1], atol=1e-12)


@pytest.mark.parametrize("size", [(12, 10), (96, 80)])
def test_pillow_agrees_away_from_the_border(size):
    picture = RNG.random((48, 40))
    theirs = np.asarray(
        Image.fromarray(picture.astype(np.float32)).resize(size[::-1], Image.Resampling.BICUBIC)
    )
    ours = imresize(picture, *size)
    margin = 9 if size[0] > 48 else 3
    inner = slice(margin, -margin)
    np.testing.assert_allclose(ours[inner, inner], theirs[inner, inner], atol=2e-6)


def test_channels_are_resized_one_by_one():
    picture = RNG.random((8, 12, 3))
    whole = imresize(picture, 4, 24)
    assert whole.shape == (4, 24, 3)
    np.testing.assert_array_equal(whole[:, :, 1], imresize(picture[:, :, 1], 4, 24))


def test_the_shared_matrix_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        resize_matrix(8, 4)[0, 0] = 1


def test_a_side_of_nothing_is_refused():
    with pytest.raises(InvalidOption):
        imresize(np.zeros((4, 4)), 0, 4)
