"""Losses on what smooth places must not show: noise, and the source's pixels as cells.

A pixel loss for smooth regions: where the ground truth has no texture, none may be invented.

Feature losses and discriminators respond to texture; in sky, skin or the inside of a letter they
hardly notice a faint grid of the period of the pixel shuffle, and a pixel loss strong enough to
prevent it would suppress texture everywhere. So this loss is weighted by smoothness.

Measured after 400 adversarial steps of `fast-perceptual-x4`, on Set14 and 20 images of BSD100,
without it and at a weight of 4: the grid in smooth blocks (standard deviation over the positions of
a cell, in 8-bit codes; 0.17 in the ground truth) 0.40 and 0.31, NIQE 5.34 and 5.21, the distance of
features that no loss sees 0.584 and 0.585.

Distinguishing such regions is the idea of J. Liang et al., Details or Artifacts: A Locally
Discriminative Learning Approach (CVPR 2022); the weight is ours, and depends on the ground truth
alone.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.colour import Matrix, yuv_from_rgb
from vsr.training.damage.camera import luma

SMOOTHNESS = 4.0 / 255
"""A deviation of the truth by so much ([0, 1]) counts 1/e of none."""

SIDE = 7
"""The side in pixels of the window over which the deviation is taken: less than two cells of four,
and odd."""


def smooth(output: Tensor, target: Tensor) -> Tensor:
    """Return mean w·|output − target|, w = exp(−σ(target) / `SMOOTHNESS`): a scalar.

    σ is the deviation in windows of `SIDE`², the mean over channels. Shape: (N, C, H, W), [0, 1].
    """
    return (smoothness(target) * (output - target).abs()).mean()


def smoothness(picture: Tensor) -> Tensor:
    """Return 1 where a picture (N, C, H, W) is smooth, down to 0 where it is not: (N, 1, H, W)."""
    mean = _window_mean(picture)
    variance = (_window_mean(picture.square()) - mean.square()).clamp_min(0)
    deviation = variance.sqrt().mean(dim=1, keepdim=True)
    return (-deviation / SMOOTHNESS).exp()


def _window_mean(picture: Tensor) -> Tensor:
    return F.avg_pool2d(picture, SIDE, stride=1, padding=SIDE // 2, count_include_pad=False)


COLOUR = 4.0
"""The weight of kinks in Cb and Cr beside those in luma."""


def grid(output: Tensor, target: Tensor, scale: int) -> Tensor:
    """Return mean |e − mean(e)|, e the mean error of luma at each of a cell's scale² places."""
    error = F.pixel_unshuffle(luma(output) - luma(target), scale).mean(dim=(2, 3))
    return (error - error.mean(dim=1, keepdim=True)).abs().mean()


def kinks(output: Tensor, target: Tensor, scale: int) -> Tensor:
    """Return the mean |error| of how far slopes break at cells' borders: a scalar.

    At a border between the cells of two low-resolution pixels, the step less the mean of the step
    before and the step after: of luma, Cb and Cr, which are added up. In R'G'B' the sign of an
    error is luma's, so that a network whose base is the nearest pixel keeps the steps of colours;
    and as errors of colour are small beside those of luma, they count `COLOUR` times.
    """
    error = opponent(output - target)
    error[:, 1:] *= COLOUR
    both = (_kink(error, scale), _kink(error.transpose(2, 3), scale))
    return sum((one.abs().sum(dim=1).mean() for one in both), error.new_zeros(())) / 2


def _kink(planes: Tensor, scale: int) -> Tensor:
    step = planes.diff(dim=3)
    count = planes.shape[3] // scale - 1
    before, there, after = (step[..., scale - 2 + k :: scale][..., :count] for k in range(3))
    return there - (before + after) / 2


def ripples(output: Tensor, target: Tensor) -> Tensor:
    """Return mean w·|Δ³(output − target)| / 2 of Y, Cb and Cr, added up: no waves in smooth places.

    Δ³ is the third difference along rows and columns, as `kinks` takes it, at every place alike: a
    network gains nothing by moving a break from the border of a cell to its inside. w is 1 where
    that component of the target is smooth, 0 where it has an edge, so that edges of colour stay
    as they are. Colour counts `COLOUR` times, also where its smoothness is judged.
    """
    weights = opponent(target)
    error = opponent(output - target)
    error[:, 1:] *= COLOUR
    weights[:, 1:] *= COLOUR
    count = error.shape[1]
    smooth_here = smoothness(weights.flatten(0, 1)[:, None]).view_as(weights)
    total = error.new_zeros(())
    for one, weight in ((error, smooth_here), (error.mT, smooth_here.mT)):
        total = total + (weight[..., 1:-2] * one.diff(n=3, dim=3).abs()).mean()
    return count * total / 4


def opponent(picture: Tensor) -> Tensor:
    """Return Y, Cb and Cr of R'G'B' (N, 3, H, W); luma (N, 1, H, W) as it is."""
    if picture.shape[1] == 1:
        return picture
    matrix = torch.tensor(yuv_from_rgb(Matrix.SMPTE170M), dtype=picture.dtype)
    return torch.einsum("ij,njhw->nihw", matrix.to(picture.device), picture)
