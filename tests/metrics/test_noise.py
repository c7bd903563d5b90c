"""The noise between frames."""

from itertools import pairwise

import numpy as np
import pytest

from vsr.metrics.defects import BLOCK
from vsr.metrics.noise import BANDS, noise_between, power_before_and_after


def coloured(shape, blur, seed):
    """Gaussian noise of deviation 1 with a Gaussian spectrum."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    down, across = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])
    shape_of = np.exp(-2 * (np.pi * blur) ** 2 * (down**2 + across**2))
    noise = np.fft.irfft2(np.fft.rfft2(noise) * shape_of, shape)
    return noise / noise.std()


def picture(shape=(192, 256)):
    """A picture with smooth parts of every luma, and edges."""
    across = np.tile(np.linspace(30, 220, shape[1]), (shape[0], 1))
    across[: shape[0] // 4, ::16] = 255
    return across


def frames(deviation, blur=0.0, count=4):
    still = picture()
    return [
        np.clip(np.rint(still + deviation * coloured(still.shape, blur, seed)), 0, 255)
        for seed in range(count)
    ]


def pairs(of):
    return list(pairwise(of))


@pytest.mark.parametrize("blur", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("deviation", [1.5, 4.0, 8.0])
def test_the_deviation_of_noise_is_found(deviation: float, blur: float) -> None:
    noise = noise_between(pairs(frames(deviation, blur)))
    assert noise.deviation == pytest.approx(deviation, rel=0.12)


def test_its_spectrum_is_found() -> None:
    fine, coarse = (noise_between(pairs(frames(4.0, blur))).power for blur in (0.0, 0.8))
    assert np.diag(fine).max() < 2 * np.diag(fine).min()
    radii = np.hypot(*np.meshgrid(np.arange(BLOCK), np.arange(BLOCK))) / (2 * BLOCK)
    expected = np.exp(-4 * (np.pi * 0.8) ** 2 * radii**2)
    for low, high in ((0.0, 0.15), (0.15, 0.3), (0.3, 0.45)):
        ring = (radii >= low) & (radii < high)
        share = coarse[ring].sum() / coarse.sum()
        assert share == pytest.approx(expected[ring].sum() / expected.sum(), abs=0.06)


def test_its_dependence_on_luma_is_found() -> None:
    still = picture((256, 512))
    strength = np.where(still < 125, 2.0, 4.5)
    seen = [still + strength * coloured(still.shape, 0.0, seed) for seed in range(4)]
    deviations = np.sqrt(noise_between(pairs(seen)).variance)
    assert len(deviations) == BANDS
    assert deviations[1:3] == pytest.approx(2.0, rel=0.25)
    assert deviations[4:6] == pytest.approx(4.5, rel=0.25)


def test_a_picture_that_stands_still_has_none() -> None:
    still = picture()
    assert noise_between([(still, still.copy())]).deviation == 0


def test_what_moves_is_no_noise() -> None:
    rng = np.random.default_rng(0)
    texture = 128 + 8 * np.sin(np.cumsum(rng.normal(0, 1, (192, 400)), axis=1))
    texture[:, 200:] = np.linspace(115, 141, 200)
    moving = [texture[:, step : step + 256] for step in (0, 3, 6)]
    assert noise_between(pairs(moving)).deviation < 0.5


def test_too_little_says_nothing() -> None:
    small = np.full((16, 16), 100.0)
    assert noise_between([]) is None
    assert noise_between([(small, small)]) is None


def test_what_a_filter_leaves_is_compared_in_the_same_blocks() -> None:
    source = frames(4.0)
    halved = [picture() + (frame - picture()) / 2 for frame in source]
    before, after = power_before_and_after(pairs(source), pairs(halved))
    assert after == pytest.approx(before / 4, rel=0.05)
