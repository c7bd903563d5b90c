"""What the steps that learn have in common: their state, one descent, the validation."""

from __future__ import annotations

import torch
from torch import Tensor

from vsr.models.blocks import Generator
from vsr.training.context import Context
from vsr.training.forms import plain_form, set_learning, training_form
from vsr.training.recipe import Optimisation
from vsr.training.state import Average, TrainState, write_atomically
from vsr.training.validate import Validation


def state_of(context: Context, name: str, values: Optimisation, start: Generator) -> TrainState:
    """Return the state of a stage: fresh from ``start``, or as its checkpoint has it."""
    net = training_form(start, is_reparameterised=values.reparameterise).to(context.device)
    net = net.to(memory_format=torch.channels_last)
    set_learning(net, is_norm_frozen=values.freeze_norm)
    optimiser = torch.optim.Adam(
        net.parameters(), lr=values.learning_rate, betas=values.betas, fused=True
    )
    scaler = torch.amp.GradScaler(context.device.type, enabled=context.dtype is torch.float16)
    zero = torch.zeros((), dtype=torch.float64, device=context.device)
    state = TrainState(net, Average(net, values.ema), optimiser, scaler, zero)
    if context.folder.checkpoint(name).exists():
        state.load(context.folder.checkpoint(name))
    return state


def descend(state: TrainState, loss: Tensor, clip: float) -> None:
    """Go one step down the gradient, its norm clipped to ``clip`` (0: not)."""
    state.optimiser.zero_grad(set_to_none=True)
    state.scaler.scale(loss).backward()
    if clip:
        state.scaler.unscale_(state.optimiser)
        torch.nn.utils.clip_grad_norm_(state.net.parameters(), clip)
    state.scaler.step(state.optimiser)
    state.scaler.update()


def validate(
    context: Context, values: Optimisation, validation: Validation, state: TrainState
) -> float:
    """Return the PSNR of the averaged network, in dB; leave the state as it was."""
    state.average.swap()
    state.net.eval()
    try:
        return validation.psnr(state.net, context.folder, state.step)
    finally:
        state.average.swap()
        set_learning(state.net, is_norm_frozen=values.freeze_norm)


def trained(context: Context, name: str, state: TrainState) -> Generator:
    """Return the averaged network in the form to export, and keep it in the run folder."""
    state.average.swap()
    net = plain_form(state.net).eval()
    if context.team.is_first:
        write_atomically(context.folder.network(name), {"net": net.state_dict()})
    return net
