"""A loss on spectra: what differs most there weighs most."""

from __future__ import annotations

import torch
from torch import Tensor


def focal_frequency(output: Tensor, target: Tensor) -> Tensor:
    """Return mean w·|F(output) − F(target)|², F orthonormal: (N, C, H, W) → scalar.

    The weight w is |F(output) − F(target)| over its largest value in that picture and channel; no
    gradient goes through it.

    Source: L. Jiang et al., Focal Frequency Loss (ICCV 2021), arXiv 2012.12821, equations 8 and 9,
    α = 1.
    """
    spectrum = torch.fft.fft2(output - target, norm="ortho")
    power = spectrum.real.square() + spectrum.imag.square()
    weight = power.detach().sqrt()
    weight = weight / weight.amax(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
    loss: Tensor = (weight * power).mean()
    return loss
