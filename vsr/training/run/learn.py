"""What the steps that learn have in common: their state, one descent, the validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vsr.disk.publishing import published, writing
from vsr.models.blocks import Channels, Generator
from vsr.training.damage.camera import luma
from vsr.training.data.batches import normalised
from vsr.training.data.dataset import Patches
from vsr.training.network.forms import plain_form, set_learning, training_form
from vsr.training.recipe.values import Optimisation, QuantiseValues
from vsr.training.run.context import StepRun
from vsr.training.run.run_folder import RunFolder
from vsr.training.run.state import Average, DiscriminatorState, TrainState

SHOWN = 4
"""Pictures written per check."""

LUMA_STEPS = 219.0
"""Codes between black and white in the standard protocol's luma."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Pictures held out: (N, C, h, w) and (N, C, s·h, s·w), float32, [0, 1]."""

    low: Tensor
    high: Tensor
    scale: int

    @classmethod
    def of(cls, patches: Patches, colour: Channels, device: torch.device) -> Validation:
        """Take the patches that the data set holds out."""
        low, high, _ = (torch.tensor(np.array(codes)) for codes in patches.held_out())
        return cls(
            normalised(low, colour).to(device), normalised(high, colour).to(device), patches.scale
        )

    @torch.inference_mode()
    def psnr(self, net: nn.Module, folder: RunFolder | None = None, moment: str = "") -> float:
        """Return the mean PSNR of luma, in dB, borders of ``scale`` pixels left out.

        Shape: as the standard protocol, but on patches, and of unrounded values.

        Args:
            folder: where the first pictures are written, to be looked at.
            moment: stands in their names: the stage and its step, as stages count from 0.
        """
        total = 0.0
        for index, (low, high) in enumerate(zip(self.low, self.high)):
            output = net(low[None])[0].clamp(0, 1)
            total += luma_psnr(output, high, self.scale)
            if folder is not None and index < SHOWN:
                _show(folder, f"{index}_{moment}", low, output, high)
        return total / len(self.low)


def luma_psnr(output: Tensor, target: Tensor, border: int) -> float:
    """Return the PSNR of luma in dB of two pictures (C, H, W), without ``border`` pixels."""
    inner = slice(border, -border)
    error = (luma(output[None]) - luma(target[None]))[..., inner, inner].double() * (
        LUMA_STEPS / 255.0
    )
    return float(-10 * torch.log10(error.square().mean().clamp_min(1e-12)))


def _show(folder: RunFolder, name: str, low: Tensor, output: Tensor, high: Tensor) -> None:
    """Write low resolution (enlarged by repetition), output and original side by side."""
    enlarged = torch.nn.functional.interpolate(low[None], size=high.shape[-2:])[0]
    row = torch.cat((enlarged, output, high), dim=2).mul(255).round().byte().cpu()
    pixels = row.expand(3, -1, -1).permute(1, 2, 0).numpy()
    path = folder.path / "validation" / f"{name}.png"
    with writing(path):
        path.parent.mkdir(exist_ok=True)
        with published(path) as part:
            Image.fromarray(np.ascontiguousarray(pixels)).save(part, "PNG")


def state_of(
    stage: StepRun[Optimisation],
    start: Generator,
    discriminator: DiscriminatorState | None = None,
) -> TrainState:
    """Return the state of a stage: fresh from ``start``, or as its checkpoint has it."""
    context, values = stage.context, stage.values
    net = training_form(
        start,
        context.recipe.seed,
        is_reparameterised=values.reparameterise,
        is_composed=context.device.type == "cuda",
        is_rounded=isinstance(values, QuantiseValues),
        is_standardised=values.standardise,
    )
    net.to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload] # absent from torch's stubs
    set_learning(net, is_norm_frozen=values.freeze_norm)
    optimiser = optimiser_of(net, values, values.learning_rate)
    scaler = torch.amp.GradScaler(context.device.type, enabled=context.dtype is torch.float16)
    zero = torch.zeros((), dtype=torch.float64, device=context.device)
    state = TrainState(net, Average(net, values.ema), optimiser, scaler, zero, discriminator)
    checkpoint = context.folder.checkpoint(stage.name)
    if checkpoint.exists():
        state.load(checkpoint)
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


def validate(stage: StepRun[Optimisation], validation: Validation, state: TrainState) -> float:
    """Return the PSNR of the averaged network of a stage, in dB; the state stays."""
    state.average.swap()
    state.net.eval()
    try:
        moment = f"{stage.name}_{state.step:07d}"
        return validation.psnr(state.net, stage.context.folder, moment)
    finally:
        state.average.swap()
        set_learning(state.net, is_norm_frozen=stage.values.freeze_norm)


def trained(state: TrainState) -> Generator:
    """Return the averaged network in the form to export."""
    state.average.swap()
    return plain_form(state.net).eval()
