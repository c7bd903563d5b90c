import numpy as np
import pytest
import torch
from torch.nn import functional as F

from vsr.training.losses.terms import (
    PIXEL_LOSSES,
)
from vsr.training.recipe.adversarial_values import AdversarialValues
from vsr.training.run.adversarial import discriminator_loss, generator_loss, labels_of, variation

RNG = np.random.default_rng(0)
A, B = RNG.random((2, 2, 3, 8, 8))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("l1", np.mean(np.abs(A - B))),
        ("mse", np.mean((A - B) ** 2)),
        ("charbonnier", np.mean(np.sqrt((A - B) ** 2 + 1e-6))),
    ],
)
def test_pixel_losses_are_their_formulas(name, expected):
    value = PIXEL_LOSSES[name](torch.from_numpy(A), torch.from_numpy(B))
    assert float(value) == pytest.approx(expected, rel=1e-12)


def logits(seed):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(4, 1, 5, 5)))


def test_the_generator_minimises_minus_log_of_the_verdict():
    values = AdversarialValues(pixel=0, adversarial=2.0)
    verdict = logits(1)
    p = 1 / (1 + np.exp(-verdict.numpy()))
    loss = generator_loss(
        values, None, torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4), verdict, 0
    )
    assert float(loss) == pytest.approx(2 * np.mean(-np.log(p)), rel=1e-9)


def test_the_linear_objective_is_that_of_swift_srgan():
    values = AdversarialValues(pixel=0, adversarial=1.0, objective="linear")
    real, fake = logits(1), logits(2)
    p_real, p_fake = (1 / (1 + np.exp(-x.numpy())) for x in (real, fake))
    picture = torch.zeros(1, 3, 4, 4)
    mine = generator_loss(values, None, picture, picture, fake, 0)
    assert float(mine) == pytest.approx(np.mean(1 - p_fake))
    theirs = discriminator_loss(values, real, fake, (real, fake))
    assert float(theirs) == pytest.approx(1 - np.mean(p_real) + np.mean(p_fake))


def test_the_discriminator_minimises_cross_entropy_with_smoothed_labels():
    values = AdversarialValues(real=(0.7, 1.0), fake=(0.0, 0.3))
    real, fake = logits(1), logits(2)
    labels = tuple(label.double() for label in labels_of(values, 1, 0, real))
    expected = 0.0
    for x, y in zip((real, fake), labels):
        p = 1 / (1 + np.exp(-x.numpy()))
        expected += np.mean(-y.numpy() * np.log(p) - (1 - y.numpy()) * np.log(1 - p)) / 2
    assert float(discriminator_loss(values, real, fake, labels)) == pytest.approx(
        expected, rel=1e-9
    )


def test_labels_are_drawn_for_each_cell_and_step_within_their_range():
    values = AdversarialValues(real=(0.7, 1.0), fake=(0.0, 0.3))
    real, fake = labels_of(values, 1, 5, torch.zeros(8, 1, 5, 5))
    again, _ = labels_of(values, 1, 5, torch.zeros(8, 1, 5, 5))
    later, _ = labels_of(values, 1, 6, torch.zeros(8, 1, 5, 5))
    assert torch.equal(real, again)
    assert not torch.equal(real, later)
    assert real.unique().numel() == real.numel()
    assert real.min() >= 0.7
    assert fake.max() <= 0.3


def test_total_variation_is_that_of_swift_srgan():
    expected = np.mean((A[:, :, 1:] - A[:, :, :-1]) ** 2)
    expected += np.mean((A[:, :, :, 1:] - A[:, :, :, :-1]) ** 2)
    assert float(variation(torch.from_numpy(A))) == pytest.approx(2 * expected, rel=1e-12)


def test_the_generator_minimises_the_weighted_sum_of_all_terms():
    values = AdversarialValues(pixel=1.0, perceptual=3.0, adversarial=0.0, variation=7.0)
    output = torch.from_numpy(A)
    target = torch.full_like(output, 0.5)  # smooth, or that term would be nothing
    loss = generator_loss(values, lambda x: [x[:, :1]], output, target, logits(1), 0)
    expected = F.l1_loss(output, target) + 3 * F.mse_loss(output[:, :1], target[:, :1])
    expected += 7 * variation(output)
    assert float(loss) == pytest.approx(float(expected), rel=1e-12)
