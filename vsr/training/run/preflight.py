"""What a run needs later, and the room for it, tried before it starts or is resumed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from vsr.errors import InvalidOption, OutputExists
from vsr.metrics.protocol import check_measurable
from vsr.models.blocks import Generator
from vsr.models.catalog import build
from vsr.models.int8.convolution import refusal
from vsr.models.plain import Plain
from vsr.training.data.dataset import Patches
from vsr.training.losses.perceptual import feature_extractor
from vsr.training.losses.weight_path import WeightPath
from vsr.training.network.start import start
from vsr.training.recipe.adversarial_values import AdversarialValues
from vsr.training.recipe.recipe import Recipe, Stage, learning_stages
from vsr.training.recipe.values import (
    PerceptualValues,
    PixelValues,
    QuantiseValues,
)
from vsr.training.run.adversarial import check_discriminators
from vsr.training.run.run_folder import RECIPE, RUN, WRITTEN, Run


def check_network(recipe: Recipe) -> None:
    """Check that there is such a network, before data of its scale is asked for.

    Raises:
        UnknownName: no network of that name.
        InvalidOption: it does not have that scale.
    """
    with torch.device("meta"):
        build(recipe.model, recipe.scale)


def check_supplies(run: Run, recipe: Recipe, patches: Patches, begun: Sequence[str] = ()) -> None:
    """Check everything that the stages of a run will need.

    Args:
        begun: the stages that have a checkpoint; only the last of them still trains.

    Raises:
        Refused: something is missing, or does not fit the recipe.
    """
    stages = learning_stages(recipe, run.pipeline)
    for stage in stages:
        patches.check_holds(stage.values.patch, Path(run.data))
    for folder in run.benchmarks:
        check_measurable(Path(folder), recipe.scale)
    net = start(recipe.model, recipe.scale, recipe.seed, None if begun else run.init)
    for stage in stages:
        if isinstance(stage.values, PerceptualValues) and stage.name not in begun[:-1]:
            _check_features(stage.name, stage.values, run.perceptual_weights)
            if net.colour != "rgb" and _sees_colour(stage.values):
                raise InvalidOption(
                    f"{recipe.model} produces luma only, but step '{stage.name}' needs colour. "
                    "Choose another network."
                )
    check_discriminators(stages, recipe.scale)
    _check_rounded(net, stages)
    for stage in stages:
        if isinstance(stage.values, PixelValues) and stage.values.path:
            WeightPath.towards(stage.values.path_to, net, torch.device("cpu"))


def _check_rounded(net: Generator, stages: Sequence[Stage]) -> None:
    """Check that what a `quantise` step needs is there.

    Raises:
        InvalidOption: another network than a plain one, or a processor without int8.
    """
    if not any(isinstance(stage.values, QuantiseValues) for stage in stages):
        return
    if not isinstance(net, Plain):
        raise InvalidOption("a quantise step is for plain networks. Choose fast, quality or lite.")
    if reason := refusal():
        raise InvalidOption(f"a quantise step cannot run here: {reason}.")


def norm_note(net: Generator, stages: Sequence[Stage]) -> str | None:
    """Return what to tell the user if training throws off the batch norm of given weights.

    Measured with `swift-srgan` on photographs, after 150 steps at a rate of 1e-5: its 35.3 dB were
    30.6 with 16 crops of 24×24, 29.8 with 8, 25.6 with 2, and 35.3 with 2 and ``freeze_norm``.

    Args:
        net: as the weights of ``--init`` left it.
    """
    values = [stage.values for stage in stages if not stage.values.freeze_norm]
    if not values or not any(isinstance(module, nn.BatchNorm2d) for module in net.modules()):
        return None
    return (
        f"{net.architecture} has batch norm: trained on batches of {values[0].batch} crops, it "
        "falls several dB below what --init gives. To prevent that, set freeze_norm = true in the "
        "recipe."
    )


def check_free(folder: Path, recipe_text: str) -> None:
    """Refuse a folder that is not a run, but holds files that a run would overwrite or resume.

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


def _check_features(step: str, values: PerceptualValues, weights: str | None) -> None:
    """Check the weights of the feature network of a step."""
    if not values.perceptual:
        return
    if weights is None:
        raise InvalidOption(
            f"step '{step}' needs the weights of {values.perceptual_network}. Give "
            "--perceptual-weights FILE, or a recipe with perceptual = 0."
        )
    feature_extractor(values, Path(weights), torch.device("cpu"))
