"""The adversarial step: a generator against a discriminator that learns to tell its images."""

from __future__ import annotations

from torch import Tensor

from vsr.models.blocks import Generator
from vsr.training.data.batches import Batch
from vsr.training.losses.gan_losses import discriminator_loss, generator_loss, labels_of
from vsr.training.losses.perceptual import extractor_of
from vsr.training.losses.terms import weighted_terms
from vsr.training.recipe.adversarial_values import AdversarialValues
from vsr.training.recipe.schedule import Budget
from vsr.training.run.context import Context
from vsr.training.run.discriminator_state import discriminator_state_of
from vsr.training.run.divergence import collapse, diverged
from vsr.training.run.learn import descend, state_of, trained, validate
from vsr.training.run.loop import train
from vsr.training.run.state import DiscriminatorState, TrainState
from vsr.training.run.validate import Validation


def adversarial(
    context: Context,
    name: str,
    values: AdversarialValues,
    budget: Budget | None,
    start: Generator,
) -> Generator:
    """Train a generator against a discriminator; return the averaged generator."""
    assert budget is not None  # a step that learns has one
    discriminator = discriminator_state_of(context, name, values, start.scale)
    state = state_of(context, name, values, start, discriminator)
    extract = extractor_of(values, context.perceptual_weights, context.device)
    forward = context.team.wrapped(state.net)
    validation = Validation.of(context.patches, start.colour, context.device)

    def learn(state: TrainState, batch: Batch) -> Tensor:
        with context.autocast():
            output = forward(batch.low).float()
        _teach_discriminator(context, values, state, discriminator, batch, output.detach())
        discriminator.net.requires_grad_(False)
        with context.autocast():
            logits = discriminator.net(output, batch.low).float()
        loss = generator_loss(values, extract, output, batch.high, logits, state.step)
        loss = loss + weighted_terms(values, output, batch)
        descend(state.net, state.optimiser, state.scaler, loss, values.clip)
        discriminator.net.requires_grad_(True)
        return loss.detach()

    def check(state: TrainState) -> float:
        psnr = validate(context, name, values, validation, state)
        _refuse_collapse(context, name, values, state, psnr)
        return psnr

    if state.start_psnr is None and context.team.is_first:
        state.start_psnr = validate(context, name, values, validation, state)
    train(context, name, values, budget, state, learn, check)
    return trained(state)


def _refuse_collapse(
    context: Context, name: str, values: AdversarialValues, state: TrainState, psnr: float
) -> None:
    """Stop a stage that has collapsed, before its checkpoint replaces a good one.

    Raises:
        TrainingDiverged: PSNR fell too far, or the discriminator's loss is pinned at 0.
    """
    start_psnr, loss = state.start_psnr, state.mean_discriminator_loss()
    assert start_psnr is not None  # measured before the first step
    assert loss is not None  # there is a discriminator
    why = collapse(psnr, start_psnr, values.collapse_db, loss)
    if why is not None:
        raise diverged(context, name, state, why)


def _teach_discriminator(
    context: Context,
    values: AdversarialValues,
    state: TrainState,
    discriminator: DiscriminatorState,
    batch: Batch,
    output: Tensor,
) -> None:
    """Update the discriminator once, on images that the generator has just made."""
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
