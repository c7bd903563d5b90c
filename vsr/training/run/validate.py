"""Validation while training: PSNR, and a picture to look at, on patches held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vsr.colour import Matrix, luma_weights
from vsr.disk.publishing import writing
from vsr.models.blocks import Channels
from vsr.training.data.batches import normalised
from vsr.training.data.dataset import Patches
from vsr.training.run.run_folder import RunFolder

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


def _luma(picture: Tensor) -> Tensor:
    """(C, H, W) → (H, W)."""
    if picture.shape[0] == 1:
        return picture[0]
    weights = torch.tensor(luma_weights(Matrix.SMPTE170M), device=picture.device)
    return torch.einsum("chw,c->hw", picture, weights)


def luma_psnr(output: Tensor, target: Tensor, border: int) -> float:
    """Return the PSNR of luma in dB of two pictures (C, H, W), without ``border`` pixels."""
    inner = slice(border, -border)
    error = (_luma(output) - _luma(target))[inner, inner].double() * (LUMA_STEPS / 255.0)
    return float(-10 * torch.log10(error.square().mean().clamp_min(1e-12)))


def _show(folder: RunFolder, name: str, low: Tensor, output: Tensor, high: Tensor) -> None:
    """Write low resolution (enlarged by repetition), output and original side by side."""
    enlarged = torch.nn.functional.interpolate(low[None], size=high.shape[-2:])[0]
    row = torch.cat((enlarged, output, high), dim=2).mul(255).round().byte().cpu()
    pixels = row.expand(3, -1, -1).permute(1, 2, 0).numpy()
    path = folder.path / "validation" / f"{name}.png"
    with writing(path):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.ascontiguousarray(pixels)).save(path)
