"""The losses of generator and discriminator, and the labels. Pure functions.

Source: C. Ledig et al., SRGAN (arXiv 1609.04802), section 2.2; K. Chordiya et al., DPSRGAN (IEEE
9417903), smoothed labels; SwiftSRGAN's published code, the linear objective.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.training.losses.perceptual import Extract, perceptual_term
from vsr.training.losses.terms import PIXEL_LOSSES
from vsr.training.recipe.recipe import AdversarialValues


def generator_loss(
    values: AdversarialValues,
    extract: Extract | None,
    output: Tensor,
    target: Tensor,
    logits: Tensor,
    step: int,
) -> Tensor:
    """Return the weighted sum that the generator minimises.

    Args:
        logits: the discriminator's, of ``output``.
        step: of the stage.
    """
    total = values.pixel * PIXEL_LOSSES[values.pixel_loss](output, target)
    if extract is not None:
        total = total + perceptual_term(values, extract, output, target, step)
    if values.objective == "bce":
        total = total + values.adversarial * F.softplus(-logits).mean()
    else:
        total = total + values.adversarial * (1 - logits.sigmoid()).mean()
    if values.variation:
        total = total + values.variation * variation(output)
    return total


def discriminator_loss(
    values: AdversarialValues, real: Tensor, fake: Tensor, labels: tuple[Tensor, Tensor]
) -> Tensor:
    """Return what the discriminator minimises.

    Cross-entropy is halved, as in DPSRGAN's code; SRGAN's is not, but Adam ignores such a factor.

    Args:
        real: logits of real images.
        fake: logits of generated images.
        labels: for each, of the same shape; unused by the linear objective.
    """
    if values.objective == "linear":
        return 1 - real.sigmoid().mean() + fake.sigmoid().mean()
    return (
        F.binary_cross_entropy_with_logits(real, labels[0])
        + F.binary_cross_entropy_with_logits(fake, labels[1])
    ) / 2


def variation(picture: Tensor) -> Tensor:
    """Return twice the mean squared difference of neighbours, down plus across: a scalar.

    Shape: (N, C, H, W). Source: SwiftSRGAN's published code.
    """
    down = (picture[:, :, 1:] - picture[:, :, :-1]).square().mean()
    return 2 * (down + (picture[:, :, :, 1:] - picture[:, :, :, :-1]).square().mean())


def labels_of(
    values: AdversarialValues, seed: int, step: int, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Draw the labels of one step, one for each logit: a pure function of seed and step."""
    rng = np.random.default_rng((seed, step, 1))
    shape = tuple(like.shape)
    drawn = [rng.uniform(*values.real, shape), rng.uniform(*values.fake, shape)]
    real, fake = (torch.from_numpy(d).to(like.device, torch.float32) for d in drawn)
    return real, fake
