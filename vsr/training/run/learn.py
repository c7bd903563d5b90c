"""What the steps that learn have in common: their state, one descent, the validation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from vsr.models.blocks import Generator
from vsr.training.network.forms import plain_form, set_learning, training_form
from vsr.training.recipe.recipe import Optimisation, QuantiseValues
from vsr.training.run.context import Context
from vsr.training.run.state import Average, DiscriminatorState, TrainState
from vsr.training.run.validate import Validation


def state_of(
    context: Context,
    name: str,
    values: Optimisation,
    start: Generator,
    discriminator: DiscriminatorState | None = None,
) -> TrainState:
    """Return the state of a stage: fresh from ``start``, or as its checkpoint has it."""
    net = training_form(
        start,
        context.recipe.seed,
        is_reparameterised=values.reparameterise,
        is_composed=context.device.type == "cuda",
        is_sloped=values.slopes > 0,
        is_rounded=isinstance(values, QuantiseValues),
    )
    net.to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload] # absent from torch's stubs
    set_learning(net, is_norm_frozen=values.freeze_norm)
    optimiser = optimiser_of(net, values, values.learning_rate)
    scaler = torch.amp.GradScaler(context.device.type, enabled=context.dtype is torch.float16)
    zero = torch.zeros((), dtype=torch.float64, device=context.device)
    state = TrainState(net, Average(net, values.ema), optimiser, scaler, zero, discriminator)
    if context.folder.checkpoint(name).exists():
        state.load(context.folder.checkpoint(name))
    return state


def optimiser_of(net: nn.Module, values: Optimisation, rate: float) -> torch.optim.Optimizer:
    """Return Adam for a network; with a weight decay it is AdamW."""
    return torch.optim.AdamW(
        net.parameters(),
        lr=rate,
        betas=values.betas,
        weight_decay=values.weight_decay,
        fused=True,
    )


def descend(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    loss: Tensor,
    clip: float,
    average: Callable[[nn.Module], None] | None = None,
) -> None:
    """Take one optimiser step on a loss.

    Args:
        clip: the largest norm of the gradient; 0 does not clip.
        average: averages the gradients over a team, where the network does not do so itself.
    """
    optimiser.zero_grad(set_to_none=True)
    scaler.scale(loss).backward()  # type: ignore[no-untyped-call] # torch's own
    if average is not None:
        average(net)
    if clip:
        scaler.unscale_(optimiser)
        torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
    scaler.step(optimiser)
    scaler.update()


def validate(
    context: Context, name: str, values: Optimisation, validation: Validation, state: TrainState
) -> float:
    """Return the PSNR of the averaged network of stage ``name``, in dB; the state stays."""
    state.average.swap()
    state.net.eval()
    try:
        return validation.psnr(state.net, context.folder, f"{name}_{state.step:07d}")
    finally:
        state.average.swap()
        set_learning(state.net, is_norm_frozen=values.freeze_norm)


def trained(state: TrainState) -> Generator:
    """Return the averaged network in the form to export."""
    state.average.swap()
    return plain_form(state.net).eval()
