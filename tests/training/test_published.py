"""The recipes of the three published systems: their stages, losses, features and labels."""

import numpy as np
import pytest
import torch

from vsr.recipes.read import recipe_names
from vsr.training.losses.perceptual import Vgg19
from vsr.training.recipe.recipe import checked_pipeline, learning_stages, load_recipe
from vsr.training.run.adversarial import generator_loss

RNG = np.random.default_rng(0)
MADE, TRUE = RNG.random((2, 2, 3, 8, 8))
LOGITS = RNG.normal(size=(2, 1))
VERDICT = 1 / (1 + np.exp(-LOGITS))


def stages_of(name):
    """Return name of stage → its values, in the order in which they run."""
    _, recipe = load_recipe(name)
    steps = checked_pipeline(recipe, name).steps
    return {stage.name: stage.values for stage in learning_stages(recipe, steps)}


def squared(a, b):
    return np.mean((a - b) ** 2)


def features(x):
    """Something that stands for a classifier."""
    return x[:, :2] ** 2


CONTENT = squared(features(MADE), features(TRUE))
BCE = -np.mean(np.log(VERDICT))
VARIATION = 2 * (
    np.mean((MADE[:, :, 1:] - MADE[:, :, :-1]) ** 2)
    + np.mean((MADE[..., 1:] - MADE[..., :-1]) ** 2)
)
CODE = squared(MADE, TRUE) + 0.006 * CONTENT + 1e-3 * np.mean(1 - VERDICT) + 2e-8 * VARIATION


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("srgan-gan-x4", ["pixel", "adversarial", "refine"]),
        ("swift-srgan-gan-x4", ["adversarial"]),
        ("swift-srgan-code-gan-x4", ["adversarial"]),
        ("dpsrgan-gan-x4", ["pixel", "adversarial"]),
    ],
)
def test_the_stages_stand_in_the_order_of_the_papers(name, order):
    assert list(stages_of(name)) == order


@pytest.mark.parametrize(
    ("name", "stage", "expected"),
    [
        ("srgan-gan-x4", "adversarial", CONTENT / 12.75**2 + 1e-3 * BCE),
        ("srgan-gan-x4", "refine", CONTENT / 12.75**2 + 1e-3 * BCE),
        ("swift-srgan-gan-x4", "adversarial", CONTENT + 1e-3 * BCE),
        ("swift-srgan-code-gan-x4", "adversarial", CODE),
        ("dpsrgan-gan-x4", "adversarial", CONTENT + 1e-3 * BCE),
    ],
)
def test_the_generator_minimises_what_was_published(name, stage, expected):
    made, true, verdict = map(torch.from_numpy, (MADE, TRUE, LOGITS))
    values = stages_of(name)[stage]
    loss = generator_loss(values, lambda x: [features(x)], made, true, verdict, 0)
    # 12.75⁻² is written with three digits; the variation alone is 1e-7 of the sum.
    assert float(loss) == pytest.approx(expected, rel=1e-3 if name == "srgan-gan-x4" else 1e-9)


@pytest.mark.parametrize(
    ("name", "network", "taps", "is_normalised", "discriminator"),
    [
        ("srgan-gan-x4", "vgg19", (35,), True, "srgan"),
        ("swift-srgan-gan-x4", "mobilenet-v2", (16,), True, "swift-srgan"),
        ("swift-srgan-code-gan-x4", "mobilenet-v2", (18,), False, "swift-srgan"),
        ("dpsrgan-gan-x4", "vgg19", (36,), False, "patch"),
    ],
)
def test_features_and_discriminator_are_the_published_ones(
    name, network, taps, is_normalised, discriminator
):
    values = stages_of(name)["adversarial"]
    assert (values.perceptual_network, values.perceptual_taps) == (network, taps)
    assert values.perceptual_normalised is is_normalised
    assert values.perceptual_distance == "mse"
    assert (values.perceptual_shifts, values.perceptual_zoom) == (1, 1.0)  # the crop as it is
    assert values.discriminator == discriminator


@pytest.mark.parametrize(("name", "weight"), [("srgan-gan-x4", 0.0), ("dpsrgan-gan-x4", 1.0)])
def test_the_pixel_stage_minimises_the_squared_error_and_dpsrgans_also_features(name, weight):
    values = stages_of(name)["pixel"]
    assert (values.loss, values.perceptual, values.smooth, values.temporal) == ("mse", weight, 0, 0)
    if weight:
        assert (values.perceptual_network, values.perceptual_taps) == ("vgg19", (36,))
        assert values.perceptual_distance == "mse"
        assert not values.perceptual_normalised


@pytest.mark.parametrize(
    ("name", "stage", "rate", "betas", "decay"),
    [
        ("srgan-gan-x4", "pixel", 1e-4, (0.9, 0.999), 0.0),
        ("srgan-gan-x4", "adversarial", 1e-4, (0.9, 0.999), 0.0),
        ("srgan-gan-x4", "refine", 1e-5, (0.9, 0.999), 0.0),
        ("swift-srgan-code-gan-x4", "adversarial", 1e-3, (0.9, 0.999), 0.01),
        ("dpsrgan-gan-x4", "pixel", 2e-4, (0.9, 0.999), 0.0),
        ("dpsrgan-gan-x4", "adversarial", 2e-4, (0.5, 0.999), 0.0),
    ],
)
def test_the_optimiser_is_the_published_one_at_a_constant_rate(name, stage, rate, betas, decay):
    values = stages_of(name)[stage]
    assert (values.learning_rate, values.betas, values.weight_decay) == (rate, betas, decay)
    assert (values.schedule, values.warm_up_steps, values.ema, values.clip) == ("constant", 0, 0, 0)
    assert not values.freeze_norm
    assert getattr(values, "discriminator_learning_rate", 0.0) == 0.0  # the generator's


def test_layer_35_of_vgg19_is_the_fourth_activation_before_the_fifth_pooling():
    kinds = [type(layer).__name__ for layer in Vgg19(36).features]
    fifth = [index for index, kind in enumerate(kinds) if kind == "MaxPool2d"][3] + 1
    activations = [index for index, kind in enumerate(kinds) if kind == "ReLU" and index > fifth]
    assert activations[3] == 35
    assert kinds[36] == "MaxPool2d"


def test_dpsrgans_labels_are_drawn_and_the_others_are_not():
    values = stages_of("dpsrgan-gan-x4")["adversarial"]
    assert (values.real, values.fake) == ((0.7, 1.0), (0.0, 0.3))
    for name in ("srgan-gan-x4", "swift-srgan-gan-x4"):
        values = stages_of(name)["adversarial"]
        assert (values.real, values.fake) == ((1.0, 1.0), (0.0, 0.0))


def test_weights_with_other_features_in_vgg19s_place_say_so_in_their_card():
    replaced = [name for name in recipe_names("presets/train") if "-mobilenet-" in name]
    assert replaced
    for name in replaced:
        note = load_recipe(name)[1].note  # which the card repeats
        assert note.startswith("Not ")
        assert "MobileNetV2 features stand in for VGG19's" in note
