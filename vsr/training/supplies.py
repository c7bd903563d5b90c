"""What a run needs beside its patches, tried before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from vsr.errors import InvalidOption
from vsr.metrics.pictures import pictures_in
from vsr.training.adversarial_values import AdversarialValues
from vsr.training.perceptual import feature_extractor
from vsr.training.recipe import PerceptualValues, Recipe
from vsr.training.rivals import check_rivals
from vsr.training.stages import Stage
from vsr.training.start import start


def check_supplies(
    recipe: Recipe,
    stages: Sequence[Stage],
    *,
    init: str | None,
    benchmarks: Iterable[Path],
    perceptual_weights: Path | None,
) -> None:
    """Try what a stage would need only later.

    Args:
        init: a model's name or a weights file to start from.
        benchmarks: folders of true pictures that the result is measured on.
        perceptual_weights: of the feature network, for recipes with a perceptual loss.

    Raises:
        Refused: something is missing, or does not fit the recipe.
    """
    for folder in benchmarks:
        pictures_in(folder)
    net = start(recipe.model, recipe.scale, recipe.seed, init)
    for stage in stages:
        if isinstance(stage.values, PerceptualValues):
            _check_features(stage.name, stage.values, perceptual_weights)
            if net.colour != "rgb" and _sees_colour(stage.values):
                raise InvalidOption(
                    f"{recipe.model} makes luma only, and step '{stage.name}' looks at colour. "
                    "Choose another network."
                )
    check_rivals(list(stages), recipe.scale)


def _sees_colour(values: PerceptualValues) -> bool:
    return isinstance(values, AdversarialValues) or values.perceptual > 0


def _check_features(step: str, values: PerceptualValues, weights: Path | None) -> None:
    """Check the weights of the network that looks at pictures in the place of a person."""
    if not values.perceptual:
        return
    if weights is None:
        raise InvalidOption(
            f"step '{step}' needs the weights of {values.perceptual_network}. Give "
            "--perceptual-weights FILE, or a recipe with perceptual = 0."
        )
    feature_extractor(values, weights, torch.device("cpu"))
