"""A training recipe: which network, and the values of every step of its pipeline.

The files are ``presets/train/*.toml``. The order of the steps is the pipeline's; a table
``[steps.NAME]`` holds the values of the step that the pipeline calls NAME.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vsr.errors import InvalidOption
from vsr.recipes.decode import decode, decode_toml
from vsr.recipes.find import every, find

LossName = Literal["l1", "mse", "charbonnier"]
DiscriminatorName = Literal["srgan", "swift-srgan", "patch", "unet"]
FeatureName = Literal["mobilenet-v2", "vgg19"]

MAX_PATCH = 512
RECIPE = "recipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """What every stage that learns has in common.

    Attributes:
        share: of the run's budget, relative to the other stages.
        learning_rate: at its peak.
        steps: the budget where neither ``--steps`` nor ``--minutes`` is given.
        batch: crops for a step, over all processes.
        patch: side of a crop in low-resolution pixels.
        betas: of Adam.
        ema: decay of the average of the weights, which is what is evaluated and exported.
        clip: largest norm of the gradient; 0 does not clip.
        reparameterise: train plain convolutions as sums of branches.
        freeze_norm: leave the statistics of batch norm as they are and learn only its scale and
            shift: it then costs nothing and does not differ between training and use.
        log_steps: how often a line of the log is written.
        check_steps: how often the network is validated and a checkpoint written.
    """

    share: float = 1.0
    learning_rate: float = 1e-3
    steps: int = 100_000
    batch: int = 16
    patch: int = 32
    betas: tuple[float, float] = (0.9, 0.99)
    warm_up_steps: int = 500
    ema: float = 0.999
    clip: float = 1.0
    reparameterise: bool = False
    freeze_norm: bool = False
    log_steps: int = 100
    check_steps: int = 1000

    def __post_init__(self) -> None:
        for name in ("share", "learning_rate", "steps", "batch", "log_steps", "check_steps"):
            if not getattr(self, name) > 0:
                raise InvalidOption(f"{name} {getattr(self, name)} must be above 0.")
        if not 8 <= self.patch <= MAX_PATCH:
            raise InvalidOption(f"patch {self.patch} must be between 8 and {MAX_PATCH}.")
        if not 0 <= self.ema < 1 or any(not 0 <= beta < 1 for beta in self.betas):
            raise InvalidOption("ema and betas must be at least 0 and below 1.")
        if self.warm_up_steps < 0 or self.clip < 0:
            raise InvalidOption("warm_up_steps and clip must not be negative.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelValues(Optimisation):
    """Values of a `pixel` step: regression on pixels."""

    loss: LossName = "l1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarialValues(Optimisation):
    """Values of an `adversarial` step: a generator against a discriminator.

    Attributes:
        discriminator: its architecture (`vsr.models.discriminators`).
        discriminator_learning_rate: at its peak; 0 is the generator's.
        objective: what the generator gets from the discriminator's verdict p: ``bce`` is −log p,
            ``linear`` is 1 − p, as in SwiftSRGAN's code.
        real: the labels of true pictures are drawn from this range, per verdict and step.
        fake: likewise of made pictures.
        pixel_loss: the regression beside it.
        pixel: its weight.
        perceptual: weight of the distance of features; 0 needs no feature network.
        perceptual_network: the feature network; its weights are the user's to supply.
        perceptual_layer: features after so many layers of it.
        adversarial: weight of the discriminator's verdict.
        variation: weight of the total variation.
    """

    learning_rate: float = 1e-4
    discriminator: DiscriminatorName = "unet"
    discriminator_learning_rate: float = 0.0
    objective: Literal["bce", "linear"] = "bce"
    real: tuple[float, float] = (1.0, 1.0)
    fake: tuple[float, float] = (0.0, 0.0)
    pixel_loss: LossName = "l1"
    pixel: float = 1.0
    perceptual: float = 0.0
    perceptual_network: FeatureName = "mobilenet-v2"
    perceptual_layer: int = 17
    adversarial: float = 1e-3
    variation: float = 0.0

    def __post_init__(self) -> None:
        super(AdversarialValues, self).__post_init__()  # slots: the class cell is the old class
        weights = ("pixel", "perceptual", "adversarial", "variation", "discriminator_learning_rate")
        for name in weights:
            if getattr(self, name) < 0:
                raise InvalidOption(f"{name} {getattr(self, name)} must not be negative.")
        for name in ("real", "fake"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 1:
                raise InvalidOption(f"{name} [{low}, {high}] must be a range within [0, 1].")
        if self.perceptual_layer < 1:
            raise InvalidOption(f"perceptual_layer {self.perceptual_layer} must be at least 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateValues:
    """Values of an `evaluate` step: there are none; what is measured on is the run's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportValues:
    """Values of an `export` step.

    Attributes:
        half: write half precision, which halves the file.
    """

    half: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One file of ``presets/train/``: the schema is this class."""

    description: str
    pipeline: str
    model: str
    scale: int
    seed: int = 1
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def values(self, step: str, schema: type[Any], where: str = RECIPE) -> Any:
        """Decode the values of one step.

        Raises:
            InvalidRecipe: an unknown key or an impossible value.
        """
        return decode(self.steps.get(step, {}), schema, f"{where}: steps.{step}")


def load_recipe(name: str) -> tuple[str, Recipe]:
    """Find and decode a recipe; return its name too.

    Raises:
        UnknownName: no recipe of that name.
        InvalidRecipe: the file is malformed.
    """
    source = find("presets/train", name)
    return source.name, decode_recipe(source.text, source.where)


def decode_recipe(text: str, where: str) -> Recipe:
    """Decode the text of a recipe."""
    return decode_toml(text, Recipe, where)


def every_recipe() -> dict[str, Recipe]:
    """Return every recipe by name."""
    return {
        source.name: decode_recipe(source.text, source.where) for source in every("presets/train")
    }
