"""What a run needs beside its patches, and the room for it, tried before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from vsr.errors import InvalidOption, OutputExists
from vsr.metrics.pictures import pictures_in
from vsr.training.adversarial_values import AdversarialValues
from vsr.training.discriminator_state import check_discriminators
from vsr.training.perceptual import feature_extractor
from vsr.training.recipe import PerceptualValues, Recipe
from vsr.training.run_folder import RECIPE, RUN, WRITTEN
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
                    f"{recipe.model} produces luma only, but step '{stage.name}' needs colour. "
                    "Choose another network."
                )
    check_discriminators(list(stages), recipe.scale)


def check_free(folder: Path, recipe_text: str) -> None:
    """Refuse a folder that is no run, but holds what a run would write over or go on from.

    Args:
        recipe_text: may lie there already: a run that died at its very start left it.

    Raises:
        OutputExists: names the file.
    """
    if (folder / RUN).exists():
        return  # a run, which `RunFolder.create` names
    for path in sorted(path for pattern in WRITTEN for path in folder.glob(pattern)):
        is_own = path.name == RECIPE and path.read_bytes() == recipe_text.encode()
        if path.is_file() and not is_own:
            raise OutputExists(
                f"{path}: does not belong to a run and would be overwritten. Choose another --out."
            )


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
