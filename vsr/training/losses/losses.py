"""The losses of a pixel stage. Each takes two tensors of one shape and returns a scalar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from vsr.training.recipe.recipe import LossName

Loss = Callable[[Tensor, Tensor], Tensor]

CHARBONNIER_EPSILON = 1e-3
"""Source: W.-S. Lai et al., Deep Laplacian Pyramid Networks (CVPR 2017), section 3.2."""


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Return mean |output − target|."""
    return (output - target).abs().mean()


def mse(output: Tensor, target: Tensor) -> Tensor:
    """Return mean (output − target)²."""
    return (output - target).square().mean()


def charbonnier(output: Tensor, target: Tensor) -> Tensor:
    """Return mean √((output − target)² + ε²), ε = 1e-3: L1 with a smooth bottom."""
    return ((output - target).square() + CHARBONNIER_EPSILON**2).sqrt().mean()


PIXEL_LOSSES: Mapping[LossName, Loss] = {"l1": l1, "mse": mse, "charbonnier": charbonnier}
