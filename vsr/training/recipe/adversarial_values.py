"""The values of a step that sets a generator against a discriminator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vsr.errors import InvalidOption
from vsr.training.recipe.values import LossName, PerceptualValues

DiscriminatorName = Literal["srgan", "swift-srgan", "patch", "unet"]

UNET_WIDTH = 64
"""The width of Real-ESRGAN's discriminator (arXiv 2107.10833)."""

WEIGHTS = ("pixel", "adversarial", "variation")
"""The keys that weight one loss against the others, besides ``perceptual``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarialValues(PerceptualValues):
    """Values of an `adversarial` step: a generator against a discriminator.

    Attributes:
        discriminator: its architecture (`vsr.models.discriminators`).
        discriminator_width: channels of the U-Net's first convolution; others have no choice.
        discriminator_learning_rate: at its peak; 0 is the generator's.
        objective: the generator's loss, given the discriminator's output p: ``bce`` is −log p,
            ``linear`` is 1 − p, as in SwiftSRGAN's code.
        real: the labels of real images are drawn from this range, per verdict and step.
        fake: likewise for generated images.
        pixel_loss: the regression loss alongside it.
        pixel: its weight.
        adversarial: weight of the adversarial loss.
        variation: weight of the total variation.
        collapse_db: the stage stops when PSNR falls this far below where it started.
    """

    learning_rate: float = 1e-4
    discriminator: DiscriminatorName = "unet"
    discriminator_width: int = UNET_WIDTH
    discriminator_learning_rate: float = 0.0
    objective: Literal["bce", "linear"] = "bce"
    real: tuple[float, float] = (1.0, 1.0)
    fake: tuple[float, float] = (0.0, 0.0)
    pixel_loss: LossName = "l1"
    pixel: float = 1.0
    adversarial: float = 1e-3
    variation: float = 0.0
    collapse_db: float = 6.0

    def __post_init__(self) -> None:
        super(AdversarialValues, self).__post_init__()  # slots: the class cell is the old class
        for name in (*WEIGHTS, "discriminator_learning_rate"):
            if getattr(self, name) < 0:
                raise InvalidOption(f"{name} {getattr(self, name)} must not be negative.")
        for name in ("discriminator_width", "collapse_db"):
            if not getattr(self, name) > 0:
                raise InvalidOption(f"{name} {getattr(self, name)} must be above 0.")
        if self.discriminator != "unet" and self.discriminator_width != UNET_WIDTH:
            raise InvalidOption(f"discriminator_width: '{self.discriminator}' has a fixed width.")
        for name in ("real", "fake"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 1:
                raise InvalidOption(f"{name} [{low}, {high}] must be a range within [0, 1].")
