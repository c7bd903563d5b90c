"""The adversarial step: a generator against a discriminator that learns to tell its images.

Source: C. Ledig et al., SRGAN (arXiv 1609.04802), section 2.2; K. Chordiya et al., DPSRGAN (IEEE
9417903), smoothed labels; SwiftSRGAN's published code, the linear objective.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.models.blocks import Generator
from vsr.models.discriminators import (
    Discriminator,
    PatchDiscriminator,
    SRGANDiscriminator,
    SwiftDiscriminator,
    UNetDiscriminator,
)
from vsr.training.data.batches import Batch
from vsr.training.losses.perceptual import Extract, extractor_of, perceptual_term
from vsr.training.losses.terms import PIXEL_LOSSES, weighted_terms
from vsr.training.recipe.adversarial_values import AdversarialValues
from vsr.training.recipe.recipe import Stage
from vsr.training.run.context import StepRun
from vsr.training.run.learn import Validation, descend, optimiser_of, state_of, trained, validate
from vsr.training.run.loop import collapse, diverged, train
from vsr.training.run.state import DiscriminatorState, TrainState, read_checkpoint


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


SMALLEST_FOR_PATCH = 93
"""The smallest patch in pixels: this discriminator's receptive field, as its convolutions are not
padded."""


def build_discriminator(values: AdversarialValues, scale: int) -> Discriminator:
    """Return the discriminator of a step, initialised.

    Raises:
        InvalidOption: it does not take pictures of that size.
    """
    side = values.patch * scale
    if values.discriminator == "srgan":
        return SRGANDiscriminator(side)
    if values.discriminator == "swift-srgan":
        return SwiftDiscriminator()
    if values.discriminator == "unet":
        return UNetDiscriminator(values.discriminator_width)
    if side < SMALLEST_FOR_PATCH:
        raise InvalidOption(f"a patch of {side}: this discriminator needs {SMALLEST_FOR_PATCH}.")
    return PatchDiscriminator()


def check_discriminators(stages: list[Stage], scale: int) -> None:
    """Refuse discriminators that cannot be built, or cannot continue with the weights of the last.

    Raises:
        InvalidOption: one cannot take crops of that size, or differs from that of the step before.
    """
    shapes = None
    for stage in stages:
        if not isinstance(stage.values, AdversarialValues):
            continue
        with torch.random.fork_rng(devices=()):
            net = build_discriminator(stage.values, scale)
        own = {name: value.shape for name, value in net.state_dict().items()}
        if shapes is not None and own != shapes:
            raise InvalidOption(
                f"step '{stage.name}': its discriminator differs in size from that of the previous "
                "step, which it continues. Give both the same discriminator and patch."
            )
        shapes = own


def discriminator_state_of(stage: StepRun[AdversarialValues], scale: int) -> DiscriminatorState:
    """Return the discriminator of a stage: new, or as the previous adversarial step left it.

    Raises:
        InvalidCheckpoint: that step's checkpoint is damaged, or of another discriminator.
    """
    context, values = stage.context, stage.values
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(context.recipe.seed)
        net = build_discriminator(values, scale)
    before = _earlier(stage)
    if before is not None:
        try:
            net.load_state_dict(
                read_checkpoint(before, torch.device("cpu"))["discriminator"]["net"]
            )
        except (KeyError, RuntimeError, TypeError) as error:
            raise InvalidCheckpoint(
                f"{before}: has no discriminator that step '{stage.name}' could continue. Undo "
                "what was changed in the run's recipe, or start a new run."
            ) from error
    net.to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload] # absent from torch's stubs
    rate = values.discriminator_learning_rate or values.learning_rate
    zero = torch.zeros((), dtype=torch.float64, device=context.device)
    return DiscriminatorState(
        net.train(), optimiser_of(net, values, rate), zero, rate / values.learning_rate
    )


def _earlier(stage: StepRun[AdversarialValues]) -> Path | None:
    """Return the checkpoint of the adversarial step before this one: its discriminator goes on."""
    folder = stage.context.folder
    names = [step.name for step in folder.read().pipeline if step.step == "adversarial"]
    place = names.index(stage.name)
    return folder.checkpoint(names[place - 1]) if place else None


def adversarial(stage: StepRun[AdversarialValues], start: Generator) -> Generator:
    """Train a generator against a discriminator; return the averaged generator."""
    context, values = stage.context, stage.values
    discriminator = discriminator_state_of(stage, start.scale)
    state = state_of(stage, start, discriminator)
    extract = extractor_of(values, context.perceptual_weights, context.device)
    forward = context.team.wrapped(state.net)
    validation = Validation.of(context.patches, start.colour, context.device)

    def learn(state: TrainState, batch: Batch) -> Tensor:
        with context.autocast():
            output = forward(batch.low).float()
        _teach_discriminator(stage, state, discriminator, batch, output.detach())
        discriminator.net.requires_grad_(False)
        with context.autocast():
            logits = discriminator.net(output, batch.low).float()
        loss = generator_loss(values, extract, output, batch.high, logits, state.step)
        loss = loss + weighted_terms(values, output, batch)
        descend(state.net, state.optimiser, state.scaler, loss, values.clip)
        discriminator.net.requires_grad_(True)
        return loss.detach()

    def check(state: TrainState) -> float:
        psnr = validate(stage, validation, state)
        _refuse_collapse(stage, state, psnr)
        return psnr

    if state.start_psnr is None and context.team.is_first:
        state.start_psnr = validate(stage, validation, state)
    train(stage, state, learn, check)
    return trained(state)


def _refuse_collapse(stage: StepRun[AdversarialValues], state: TrainState, psnr: float) -> None:
    """Stop a stage that has collapsed, before its checkpoint replaces a good one.

    Raises:
        TrainingDiverged: PSNR fell too far, or the discriminator's loss is pinned at 0.
    """
    start_psnr, loss = state.start_psnr, state.mean_discriminator_loss()
    assert start_psnr is not None  # measured before the first step
    assert loss is not None  # there is a discriminator
    why = collapse(psnr, start_psnr, stage.values.collapse_db, loss)
    if why is not None:
        raise diverged(stage, state, why)


def _teach_discriminator(
    stage: StepRun[AdversarialValues],
    state: TrainState,
    discriminator: DiscriminatorState,
    batch: Batch,
    output: Tensor,
) -> None:
    """Update the discriminator once, on images that the generator has just made."""
    context, values = stage.context, stage.values
    for group, other in zip(discriminator.optimiser.param_groups, state.optimiser.param_groups):
        group["lr"] = other["lr"] * discriminator.relative_rate
    with context.autocast():
        real, fake = discriminator.net(batch.high, batch.low), discriminator.net(output, batch.low)
    labels = labels_of(values, context.recipe.seed, state.step, real)
    loss = discriminator_loss(values, real.float(), fake.float(), labels)
    discriminator.loss_sum += loss.detach()
    descend(
        discriminator.net,
        discriminator.optimiser,
        state.scaler,
        loss,
        values.clip,
        context.team.average_gradients,
    )
