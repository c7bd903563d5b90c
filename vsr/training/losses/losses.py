"""The losses of a pixel stage. Each takes two tensors of one shape and returns a scalar.

`differences` and `texture` are weighed beside one of the others: L1 alone answers doubt with blur,
as the median of what might have been there is smooth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn import functional as F

from vsr.training.recipe.recipe import LossName

Loss = Callable[[Tensor, Tensor], Tensor]

CHARBONNIER_EPSILON = 1e-3
"""Source: W.-S. Lai et al., Deep Laplacian Pyramid Networks (CVPR 2017), section 3.2."""

DETAIL_SIDE = 5
"""Pixels along the window whose mean is not detail; odd."""

TEXTURE_SIDE = 9
"""Pixels along the window over which the energy of detail is averaged: two cells of four; odd."""

TEXTURE_FLOOR = 0.5 / 255
"""A deviation that is as good as none; it keeps the gradient finite."""


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Return mean |output − target|."""
    return (output - target).abs().mean()


def mse(output: Tensor, target: Tensor) -> Tensor:
    """Return mean (output − target)²."""
    return (output - target).square().mean()


def charbonnier(output: Tensor, target: Tensor) -> Tensor:
    """Return mean √((output − target)² + ε²), ε = 1e-3: L1 with a smooth bottom."""
    return ((output - target).square() + CHARBONNIER_EPSILON**2).sqrt().mean()


def differences(output: Tensor, target: Tensor) -> Tensor:
    """Return mean |Δ(output − target)|, Δ to the next row, plus the same to the next column."""
    error = output - target
    down = (error[:, :, 1:] - error[:, :, :-1]).abs().mean()
    return down + (error[..., 1:] - error[..., :-1]).abs().mean()


def texture(output: Tensor, target: Tensor) -> Tensor:
    """Return mean |σ(output) − σ(target)|: how much texture there is, not which.

    σ² is the mean, over windows of `TEXTURE_SIDE`², of the square of what a window of
    `DETAIL_SIDE`² deviates from its mean.
    """
    return (_texture(output) - _texture(target)).abs().mean()


def _texture(picture: Tensor) -> Tensor:
    detail = picture - _mean(picture, DETAIL_SIDE)
    return (_mean(detail.square(), TEXTURE_SIDE) + TEXTURE_FLOOR**2).sqrt()


def _mean(picture: Tensor, side: int) -> Tensor:
    return F.avg_pool2d(picture, side, stride=1, padding=side // 2, count_include_pad=False)


PIXEL_LOSSES: Mapping[LossName, Loss] = {"l1": l1, "mse": mse, "charbonnier": charbonnier}
