"""PSNR and SSIM against their formulas, written out."""

from math import exp, inf, log10

import numpy as np
import pytest

from vsr.metrics.scores import gaussian, mse, psnr, psnr_of_mse, ssim

RNG = np.random.default_rng(1)


def test_psnr_is_the_formula():
    a, b = np.array([[0.0, 255.0], [10.0, 20.0]]), np.array([[3.0, 251.0], [10.0, 20.0]])
    assert mse(a, b) == 25 / 4
    assert psnr(a, b) == pytest.approx(10 * log10(255**2 / 6.25), abs=1e-12)
    assert psnr(a / 255, b / 255, peak=1.0) == pytest.approx(psnr(a, b), abs=1e-12)
    assert psnr_of_mse(1.0) == pytest.approx(48.1308, abs=1e-4)


def test_unsigned_codes_do_not_wrap_around():
    assert mse(np.array([0], np.uint8), np.array([255], np.uint8)) == 255**2


def test_identical_pictures_have_infinite_psnr_and_ssim_1():
    a = RNG.integers(0, 256, (12, 13))
    assert psnr(a, a) == inf
    assert ssim(a, a) == pytest.approx(1, abs=1e-12)


def written_out(a, b, peak, padding=0):
    """SSIM as the paper's equations 13 to 16 have it, window by window."""
    a, b = np.pad(a, padding), np.pad(b, padding)
    window = np.array(
        [[exp(-((i - 5) ** 2 + (j - 5) ** 2) / (2 * 1.5**2)) for j in range(11)] for i in range(11)]
    )
    window /= window.sum()
    values = []
    for i in range(a.shape[0] - 10):
        for j in range(a.shape[1] - 10):
            x, y = a[i : i + 11, j : j + 11], b[i : i + 11, j : j + 11]
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            cov = (window * (x - mx) * (y - my)).sum()
            c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
            values.append(
                (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
            )
    return np.mean(values)


@pytest.mark.parametrize("peak", [255.0, 1.0])
def test_ssim_is_the_formula_over_windows_that_fit(peak):
    a, b = RNG.random((14, 13)) * peak, RNG.random((14, 13)) * peak
    assert ssim(a, b, peak) == pytest.approx(written_out(a, b, peak), abs=1e-12)


def test_zero_padded_ssim_has_a_window_at_every_pixel():
    a, b = RNG.random((6, 12)), RNG.random((6, 12))
    a, b = np.vstack((a, a)), np.vstack((b, a))
    expected = written_out(a, b, 1.0, padding=5)
    assert ssim(a, b, 1.0, is_zero_padded=True) == pytest.approx(expected, abs=1e-12)


def test_channels_are_averaged():
    a, b = RNG.random((12, 12, 3)), RNG.random((12, 12, 3))
    each = [ssim(a[:, :, c], b[:, :, c], 1.0) for c in range(3)]
    assert ssim(a, b, 1.0) == pytest.approx(np.mean(each), abs=1e-12)


def test_the_window_is_symmetric_and_sums_to_1():
    weights = gaussian(11, 1.5)
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_array_equal(weights, weights[::-1])


def test_pictures_of_two_shapes_or_too_small_are_refused():
    for metric in (psnr, ssim):
        with pytest.raises(ValueError, match="cannot be compared"):
            metric(np.zeros((12, 12)), np.zeros((12, 13)))
    with pytest.raises(ValueError, match="smaller than"):
        ssim(np.zeros((10, 20)), np.zeros((10, 20)))
