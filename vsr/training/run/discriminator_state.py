"""The discriminator of an adversarial step: made, refused early, handed on to the next step."""

from __future__ import annotations

from pathlib import Path

import torch

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.models.discriminators import (
    Discriminator,
    PatchDiscriminator,
    SRGANDiscriminator,
    SwiftDiscriminator,
    UNetDiscriminator,
)
from vsr.training.recipe.adversarial_values import AdversarialValues
from vsr.training.recipe.stages import Stage
from vsr.training.run.context import Context
from vsr.training.run.learn import optimiser_of
from vsr.training.run.state import DiscriminatorState, read_checkpoint

SMALLEST_FOR_PATCH = 93
"""Its receptive field, in pixels: its convolutions are not padded."""


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


def discriminator_state_of(
    context: Context, name: str, values: AdversarialValues, scale: int
) -> DiscriminatorState:
    """Return the discriminator of step ``name``: new, or as the previous adversarial step left it.

    Raises:
        InvalidCheckpoint: that step's checkpoint is damaged, or of another discriminator.
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(context.recipe.seed)
        net = build_discriminator(values, scale)
    before = _earlier(context, name)
    if before is not None:
        try:
            net.load_state_dict(
                read_checkpoint(before, torch.device("cpu"))["discriminator"]["net"]
            )
        except (KeyError, RuntimeError, TypeError) as error:
            raise InvalidCheckpoint(
                f"{before}: has no discriminator that step '{name}' could continue. Undo "
                "what was changed in the run's recipe, or start a new run."
            ) from error
    net.to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload] # absent from torch's stubs
    rate = values.discriminator_learning_rate or values.learning_rate
    zero = torch.zeros((), dtype=torch.float64, device=context.device)
    return DiscriminatorState(
        net.train(), optimiser_of(net, values, rate), zero, rate / values.learning_rate
    )


def _earlier(context: Context, name: str) -> Path | None:
    """Return the checkpoint of the adversarial step before this one: its discriminator goes on."""
    steps = context.folder.read().pipeline
    names = [step.name for step in steps if step.step == "adversarial"]
    place = names.index(name)
    return context.folder.checkpoint(names[place - 1]) if place else None
