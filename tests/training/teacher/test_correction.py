import numpy as np
import pytest
import torch

from vsr.errors import InvalidOption
from vsr.training.damage.camera import blurred, enlarged, local_range
from vsr.training.teacher.teacher import DETAIL, Correction

NONE = Correction(tone=0, texture=0, window=0)
RNG = np.random.default_rng(0)


def noise(*shape):
    return torch.from_numpy(RNG.random(shape)).float()


TRUTH = 0.3 + 0.4 * noise(1, 3, 64, 64)
LOW = torch.nn.functional.avg_pool2d(TRUTH, 4)
TAUGHT = 0.3 + 0.4 * noise(1, 3, 64, 64)


def test_no_correction_is_the_teachers_picture():
    assert torch.equal(NONE.of(TAUGHT, TRUTH, LOW), TAUGHT)


def test_low_frequencies_are_the_truths_and_high_ones_the_teachers():
    tone = Correction(tone=4, texture=0, window=0).of(TAUGHT, TRUTH, LOW)
    assert torch.allclose(blurred(tone, 16), blurred(TRUTH, 16), atol=2e-3)
    fine = (taken - blurred(taken, 1) for taken in (tone, TAUGHT))
    assert torch.allclose(*fine, atol=0.04)


def test_a_shifted_tone_is_put_right_exactly():
    shifted = TRUTH + torch.tensor([0.05, -0.02, 0.0])[None, :, None, None]
    tone = Correction(tone=4, texture=0, window=0).of(shifted, TRUTH, LOW)
    assert torch.allclose(tone, TRUTH, atol=1e-6)


def test_nothing_lies_beyond_the_range_of_the_low_resolution_nearby():
    wild = TAUGHT * 3 - 1
    kept = Correction(tone=0, texture=0, window=9).of(wild, TRUTH, LOW)
    least, most = local_range(enlarged(LOW, TRUTH.shape[-2:]), 9)
    assert (kept >= least).all()
    assert (kept <= most).all()
    inside = (wild >= least) & (wild <= most)
    assert torch.equal(kept[inside], wild[inside])


def test_the_range_is_that_of_a_window():
    picture = noise(1, 1, 20, 20)
    least, most = local_range(picture, 5)
    window = picture[0, 0, 6:11, 8:13]
    assert (least[0, 0, 8, 10], most[0, 0, 8, 10]) == (window.min(), window.max())


def test_texture_comes_back_where_the_teacher_has_none_and_stays_where_it_has_more():
    plain = blurred(TRUTH, 6)
    for share in (0.0, 0.5, 1.0):
        given = Correction(tone=0, texture=share, window=0).of(plain, TRUTH, TRUTH)
        luma = (given - plain).mean(dim=1)
        assert float(luma.std()) == pytest.approx(
            share * float((TRUTH - plain).mean(dim=1).std()), rel=0.2, abs=1e-9
        )
        assert torch.allclose((given - plain)[:, :1], (given - plain)[:, 1:2], atol=1e-6)  # gray
    loud = plain + 2 * (TRUTH - plain)
    given = Correction(tone=0, texture=1, window=0).of(loud, TRUTH, TRUTH)
    assert (given - loud).abs().mean() < 1e-3


def test_texture_comes_back_only_as_far_as_the_low_resolution_shows_it():
    plain = blurred(TRUTH, 6)
    other = torch.nn.functional.avg_pool2d(0.3 + 0.4 * noise(1, 3, 64, 64), 4)
    given = [
        float((Correction(tone=0, texture=1, window=0).of(plain, TRUTH, low) - plain).std())
        for low in (TRUTH, LOW, (LOW + other) / 2, other)
    ]
    assert given == sorted(given, reverse=True)
    assert given[-1] < 0.35 * given[0]


def test_sharpening_is_an_unsharp_mask():
    sharp = Correction(tone=0, texture=0, window=0, sharpen=0.5).of(TAUGHT, TRUTH, LOW)
    wanted = (TAUGHT + 0.5 * (TAUGHT - blurred(TAUGHT, DETAIL))).clamp(0, 1)
    assert torch.allclose(sharp, wanted)


@pytest.mark.parametrize(
    "values", [{"tone": -1}, {"texture": 1.1}, {"window": 4}, {"window": 99}, {"sharpen": 3}]
)
def test_impossible_values_are_refused(values):
    (name,) = values
    with pytest.raises(InvalidOption, match=f"--{name}"):
        Correction(**values)
