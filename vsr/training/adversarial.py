"""The adversarial step: a generator learns to please a discriminator, which learns to tell."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from vsr.errors import InvalidOption
from vsr.models.blocks import Generator
from vsr.models.discriminators import (
    Discriminator,
    PatchDiscriminator,
    SRGANDiscriminator,
    SwiftDiscriminator,
    UNetDiscriminator,
)
from vsr.training.batches import Batch
from vsr.training.context import Context
from vsr.training.learn import descend, state_of, trained, validate
from vsr.training.loop import train
from vsr.training.perceptual import Extract, feature_extractor
from vsr.training.recipe import AdversarialValues, DiscriminatorName
from vsr.training.schedule import Budget
from vsr.training.state import Rival, TrainState, read_checkpoint
from vsr.training.validate import Validation
from vsr.training.verdicts import generator_loss, labels_of, rival_loss

SMALLEST_FOR_PATCH = 93
"""Its receptive field: below that its unpadded convolutions run out of picture."""


def adversarial(
    context: Context,
    name: str,
    values: AdversarialValues,
    budget: Budget | None,
    start: Generator,
) -> Generator:
    """Train a generator against a discriminator; return the averaged generator."""
    assert budget is not None  # a step that learns has one
    rival = _rival(context, name, values, start.scale)
    state = state_of(context, name, values, start, rival)
    extract = _extractor(context, values)
    forward = context.team.wrapped(state.net)
    validation = Validation.of(context.patches, start.colour, context.device)

    def learn(state: TrainState, batch: Batch) -> Tensor:
        with context.autocast():
            output = forward(batch.low).float()
        _teach_rival(context, values, state, rival, batch, output.detach())
        rival.net.requires_grad_(False)
        with context.autocast():
            verdict = rival.net(output, batch.low).float()
        loss = generator_loss(values, extract, output, batch.high, verdict)
        descend(state.net, state.optimiser, state.scaler, loss, values.clip)
        rival.net.requires_grad_(True)
        return loss.detach()

    def check(state: TrainState) -> float:
        return validate(context, values, validation, state)

    train(context, name, values, budget, state, learn, check)
    return trained(context, name, state)


def discriminator(name: DiscriminatorName, patch: int) -> Discriminator:
    """Return a discriminator for pictures of ``patch`` pixels a side, initialised.

    Raises:
        InvalidOption: it does not take that size.
    """
    if name == "srgan":
        return SRGANDiscriminator(patch)
    if name == "swift-srgan":
        return SwiftDiscriminator()
    if name == "unet":
        return UNetDiscriminator()
    if patch < SMALLEST_FOR_PATCH:
        raise InvalidOption(f"a patch of {patch}: this discriminator needs {SMALLEST_FOR_PATCH}.")
    return PatchDiscriminator()


def _rival(context: Context, name: str, values: AdversarialValues, scale: int) -> Rival:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(context.recipe.seed)
        net = discriminator(values.discriminator, values.patch * scale)
    before = _earlier(context, name)
    if before is not None:
        net.load_state_dict(read_checkpoint(before, torch.device("cpu"))["rival"]["net"])
    net.to(context.device)
    rate = values.discriminator_learning_rate or values.learning_rate
    optimiser = torch.optim.Adam(net.parameters(), lr=rate, betas=values.betas, fused=True)
    return Rival(net.train(), optimiser, rate / values.learning_rate)


def _earlier(context: Context, name: str) -> Path | None:
    """Return the checkpoint of the adversarial step before this one: its discriminator goes on."""
    steps = context.folder.read().pipeline
    names = [step.name for step in steps if step.step == "adversarial"]
    place = names.index(name)
    return context.folder.checkpoint(names[place - 1]) if place else None


def _extractor(context: Context, values: AdversarialValues) -> Extract | None:
    if not values.perceptual:
        return None
    weights = context.perceptual_weights
    assert weights is not None  # refused before the start
    return feature_extractor(
        values.perceptual_network, values.perceptual_layer, Path(weights), context.device
    )


def _teach_rival(
    context: Context,
    values: AdversarialValues,
    state: TrainState,
    rival: Rival,
    batch: Batch,
    output: Tensor,
) -> None:
    """Let the discriminator make one step, on pictures that the generator just made."""
    for group, other in zip(rival.optimiser.param_groups, state.optimiser.param_groups):
        group["lr"] = other["lr"] * rival.relative_rate
    with context.autocast():
        real, fake = rival.net(batch.high, batch.low), rival.net(output, batch.low)
    labels = labels_of(values, context.recipe.seed, state.step, real)
    loss = rival_loss(values, real.float(), fake.float(), labels)
    descend(
        rival.net, rival.optimiser, state.scaler, loss, values.clip, context.team.average_gradients
    )
