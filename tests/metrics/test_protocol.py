"""The protocols, step by step."""

from math import log10

import numpy as np
import pytest

from vsr.errors import InvalidData
from vsr.kernels import imresize
from vsr.metrics.enlarge import bicubic
from vsr.metrics.protocol import (
    Pair,
    fidelity,
    low_resolution,
    luma,
    mod_cropped,
    psnr_y,
    standard_pair,
    swift_pair,
    swift_scores,
)
from vsr.metrics.scores import psnr, ssim

RNG = np.random.default_rng(2)


def noise(*shape):
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def test_luma_is_that_of_bt601_in_limited_range():
    rgb = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    expected = [16, 235, 16 + 65.481, 16 + 128.553, 16 + 24.966]
    np.testing.assert_allclose(luma(rgb), expected, atol=1e-9)


def test_sides_are_cut_to_a_multiple_of_the_scale():
    picture = noise(19, 22, 3)
    np.testing.assert_array_equal(mod_cropped(picture, 4), picture[:16, :20])


def test_the_low_resolution_is_rounded_to_8_bits():
    picture = noise(16, 20, 3)
    expected = np.clip(np.round(imresize(picture, 4, 5)), 0, 255)
    low = low_resolution(picture, 4)
    assert low.dtype == np.uint8
    np.testing.assert_array_equal(low, expected)


def test_a_pair_is_compared_on_luma_without_a_border_of_the_scale():
    truth, result = noise(40, 36, 3), noise(40, 36, 3)
    scores = fidelity(Pair(truth=truth, result=result, is_gray=False), border=4)
    a, b = luma(truth)[4:-4, 4:-4], luma(result)[4:-4, 4:-4]
    assert scores.psnr_y == pytest.approx(psnr(a, b), abs=1e-12)
    assert scores.ssim_y == pytest.approx(ssim(np.round(a), np.round(b)), abs=1e-12)
    assert scores.psnr_rgb == pytest.approx(psnr(truth[4:-4, 4:-4], result[4:-4, 4:-4]), abs=1e-12)
    assert psnr_y(result, truth, crop=4) == scores.psnr_y


def test_the_border_does_not_count_at_all():
    truth = noise(40, 36, 3)
    result = truth.copy()
    result[:4], result[-4:], result[:, :4], result[:, -4:] = 0, 0, 0, 0
    scores = fidelity(Pair(truth=truth, result=result, is_gray=False), border=4)
    assert (scores.psnr_y, scores.psnr_rgb) == (100, 100)


def test_a_gray_picture_is_its_own_luma():
    gray = noise(48, 44)
    pair = standard_pair(gray, 4, bicubic(4))
    assert pair.is_gray
    expected = psnr(gray[4:-4, 4:-4], pair.result[4:-4, 4:-4, 0])
    assert fidelity(pair, 4).psnr_y == pytest.approx(expected, abs=1e-9)


def test_a_network_sees_amplitudes_and_its_output_is_clamped_and_rounded():
    seen = []

    def overshoot(x):
        seen.append(x)
        return np.where(np.arange(48)[:, None, None] < 24, -0.3, 1.7) * np.ones((48, 44, 3))

    pair = standard_pair(noise(50, 46, 3), 4, overshoot)
    assert seen[0].shape == (12, 11, 3)
    assert 0 <= seen[0].min() < seen[0].max() <= 1
    assert set(np.unique(pair.result)) == {0, 255}
    assert pair.truth.shape == pair.result.shape == (48, 44, 3)


def test_a_picture_too_small_for_the_window_is_refused():
    with pytest.raises(InvalidData, match="too small"):
        standard_pair(noise(18, 60, 3), 4, bicubic(4))


def test_swift_pools_errors_before_the_logarithm_with_the_last_peak():
    truths = [RNG.random((16, 16, 3)) for _ in range(3)]
    results = [truth + error for truth, error in zip(truths, (0.1, 0.2, 0.3))]
    value, similarity = swift_scores(zip(truths, results))
    pooled = (0.1**2 + 0.2**2 + 0.3**2) / 3
    assert value == pytest.approx(10 * log10(truths[-1].max() ** 2 / pooled), abs=1e-9)
    each = [ssim(t, r, 1.0, is_zero_padded=True) for t, r in zip(truths, results)]
    assert similarity == pytest.approx(np.mean(each), abs=1e-12)


def test_swift_looks_at_the_middle_96_pixels_and_does_not_round():
    picture = noise(120, 131, 3)
    truth, result = swift_pair(picture, 4, lambda x: np.full((96, 96, 3), x.mean()))
    np.testing.assert_array_equal(truth, picture[12:108, 18:114] / 255)
    assert result[0, 0, 0] * 255 != round(result[0, 0, 0] * 255)


def test_swift_refuses_small_pictures_and_no_pictures():
    with pytest.raises(InvalidData, match="96×96"):
        swift_pair(noise(95, 200, 3), 4, None)
    with pytest.raises(InvalidData, match="no image"):
        swift_scores([])
