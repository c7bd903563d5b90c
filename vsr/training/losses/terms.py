"""What a stage adds to its main loss, each term where the recipe gives it a weight.

L1 alone answers doubt with blur, as the median of what might have been there is smooth; and a
network that learns to be sharp learns outlines, shifted tones and a grid of the pixel shuffle's
period with it. Each takes output and target, (N, C, s·h, s·w), or the low resolution (N, C, h, w),
all in [0, 1], and returns a scalar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn import functional as F

from vsr.training.damage.camera import blurred, enlarged, local_range, luma
from vsr.training.data.batches import Batch
from vsr.training.losses.cells import grid, kinks, opponent, ripples, smooth
from vsr.training.losses.pairs import consistency, temporal
from vsr.training.recipe.values import LossName, TermValues

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


DETAIL = 1.5
"""Deviation of the Gaussian above which frequencies are texture, in pixels of the output."""

NEIGHBOURHOOD = 3.0
"""Deviation of the Gaussian over which the energy of texture is averaged, in the same pixels."""

FLOOR = 1e-3
"""A deviation of texture that is as good as none ([0, 1]); it keeps the gradient finite."""

TONE_SIDE = 8
"""Low-resolution pixels along the squares whose mean is their tone."""

RANGE_SIDE = 17
"""The side, in output pixels, of the window whose range is not to be left."""


def differences(output: Tensor, target: Tensor) -> Tensor:
    """Return mean |Δ(output − target)|, Δ to the next row and to the next column."""
    error = output - target
    down = (error[:, :, 1:] - error[:, :, :-1]).abs().mean()
    return (down + (error[..., 1:] - error[..., :-1]).abs().mean()) / 2


def texture(output: Tensor, target: Tensor) -> Tensor:
    """Return mean |σ(output) − σ(target)|: how much texture there is, not which.

    σ = √(G(h²) + `FLOOR`²) of luma, h what a Gaussian of `DETAIL` takes away, G one of
    `NEIGHBOURHOOD`.
    """
    return (_energy(output) - _energy(target)).abs().mean()


def tone(output: Tensor, low: Tensor) -> Tensor:
    """Return mean |mean(output) − mean(low)|, of squares of `TONE_SIDE` low-resolution pixels."""
    scale = output.shape[-1] // low.shape[-1]
    return (F.avg_pool2d(output, TONE_SIDE * scale) - F.avg_pool2d(low, TONE_SIDE)).abs().mean()


def overshoot(output: Tensor, low: Tensor) -> Tensor:
    """Return by how much luma leaves its range in windows of the enlarged low resolution, mean."""
    mine = luma(output)
    least, most = local_range(luma(enlarged(low, output.shape[-2:])), RANGE_SIDE)
    return (F.relu(mine - most) + F.relu(least - mine)).mean()


def squared_luma(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error of luma, Y-PSNR's own."""
    return mse(luma(output), luma(target))


def colour(output: Tensor, target: Tensor) -> Tensor:
    """Return mean |ΔCb| + mean |ΔCr|, 0 of gray pictures.

    In R'G'B' the errors of luma hide those of colour: edges of luma become sharp, those of colour
    stay as wide as the codec's halved chroma left them, and things get a rim.
    """
    return opponent(output - target)[:, 1:].abs().mean(dim=(0, 2, 3)).sum()


Term = Callable[[Tensor, Batch], Tensor]

TERMS: Mapping[str, Term] = {
    "smooth": lambda output, batch: smooth(output, batch.high),
    "differences": lambda output, batch: differences(output, batch.high),
    "texture": lambda output, batch: texture(output, batch.high),
    "tone": lambda output, batch: tone(output, batch.low),
    "overshoot": lambda output, batch: overshoot(output, batch.low),
    "grid": lambda output, batch: grid(output, batch.high, batch.scale),
    "kinks": lambda output, batch: kinks(output, batch.high, batch.scale),
    "colour": lambda output, batch: colour(output, batch.high),
    "ripples": lambda output, batch: ripples(output, batch.high),
    "luma": lambda output, batch: squared_luma(output, batch.high),
    "temporal": lambda output, batch: temporal(output, batch.high, batch.low),
    "consistency": lambda output, batch: consistency(output, batch.paired_move),
}
"""Every term under the name of its weight in a recipe."""


def weighted_terms(values: TermValues, output: Tensor, batch: Batch) -> Tensor:
    """Return the weighted sum of all terms: a scalar, 0 where no weight is set."""
    total = output.new_zeros(())
    for name, term in TERMS.items():
        weight: float = getattr(values, name)
        if weight:
            total = total + weight * term(output, batch)
    return total


def _energy(picture: Tensor) -> Tensor:
    gray = luma(picture)
    detail = gray - blurred(gray, DETAIL)
    return (blurred(detail.square(), NEIGHBOURHOOD) + FLOOR**2).sqrt()
