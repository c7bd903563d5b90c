"""What a stage adds to its main loss, each term where the recipe gives it a weight.

L1 alone answers doubt with blur, as the median of what might have been there is smooth; and a
network that learns to be sharp learns outlines, shifted tones and a grid of the pixel shuffle's
period with it. Each takes output and target, (N, C, s·h, s·w), or the low resolution (N, C, h, w),
all in [0, 1], and returns a scalar.

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

Losses on two frames: what stands still must not flicker, what moves must not change.

`temporal` needs no optical flow: the change of the output from one frame to the next is compared
with the change of the ground truth at the same position, weighted by how little the source changes.
So the network learns to ignore what a codec did differently in two frames of one static scene.

Measured after 400 steps of 8 pairs from `fast`, against 16 single crops, on six real clips at CRF
28: at a weight of 4 still regions flicker 0.90 times as much as the truth instead of 0.95, and luma
PSNR is 0.02 dB higher.

`consistency` uses that the second frame is the first, moved by whole pixels of the high resolution,
with noise and coding of its own: two codings, at two phases of the low-resolution grid, are to
give one answer. What differs between the two is not in the picture.

Source: J. Xu et al., Frame Difference-Based Temporal Loss for Video Stylization (arXiv 2102.05822);
the weight is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.colour import Matrix, yuv_from_rgb
from vsr.training.damage.camera import blurred, enlarged, local_range, luma
from vsr.training.data.batches import Batch
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


STILLNESS = 8.0 / 255
"""A change of the source by so much (mean of the channels, [0, 1]) counts 1/e of none."""


def temporal(output: Tensor, target: Tensor, source: Tensor) -> Tensor:
    """Return mean w·|Δoutput − Δtarget|, w = exp(−|Δsource| / `STILLNESS`): a scalar.

    Shape: ``output`` and ``target`` (2N, C, s·h, s·w), ``source`` (2N, C, h, w), [0, 1]; the second
    half of each is the next frame of the first, and Δ is the difference between the halves.
    """
    change = (_change(output) - _change(target)).abs()
    stillness = (-_change(source).abs().mean(dim=1, keepdim=True) / STILLNESS).exp()
    return (F.interpolate(stillness, size=change.shape[-2:]) * change).mean()


def consistency(output: Tensor, move: Tensor) -> Tensor:
    """Return the mean |first − second| where both show the same: a scalar.

    Shape: ``output`` (2N, C, H, W), the second half the next frame of the first; ``move`` (N, 2),
    whole pixels (down, right) by which the window of the second lies further.

    Source: G. Eilertsen et al., Single-frame Regularization for Temporally Stable CNNs (CVPR 2019),
    for transformed inputs; here the transformations are a camera's and a codec's.
    """
    total = output.new_zeros(())
    area = 0
    for first, second, (down, right) in zip(*output.chunk(2), move.tolist(), strict=True):
        error = _shared(first, down, right) - _shared(second, -down, -right)
        total = total + error.abs().sum()
        area += error.numel()
    return total / area


def _shared(picture: Tensor, down: int, right: int) -> Tensor:
    """Return the part of a window (C, H, W) that lies in one moved by so much as well."""
    height, width = picture.shape[-2:]
    rows = slice(max(0, down), height + min(0, down))
    return picture[:, rows, max(0, right) : width + min(0, right)]


def _change(pairs: Tensor) -> Tensor:
    first, second = pairs.chunk(2)
    return second - first


SMOOTHNESS = 4.0 / 255
"""A deviation of the truth by so much ([0, 1]) counts 1/e of none."""

SIDE = 7
"""Pixels along the window of the deviation: less than two cells of four, and odd."""


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


DETAIL = 1.5
"""Deviation of the Gaussian above which frequencies are texture, in pixels of the output."""

NEIGHBOURHOOD = 3.0
"""Deviation of the Gaussian over which the energy of texture is averaged, in the same pixels."""

FLOOR = 1e-3
"""A deviation of texture that is as good as none ([0, 1]); it keeps the gradient finite."""

TONE_SIDE = 8
"""Low-resolution pixels along the squares whose mean is their tone."""

RANGE_SIDE = 17
"""Pixels of the output along the window whose range is not to be left."""

COLOUR = 4.0
"""What kinks of Cb and Cr weigh, those of luma being 1."""


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
    error = _opponent(output - target)
    error[:, 1:] *= COLOUR
    both = (_kink(error, scale), _kink(error.transpose(2, 3), scale))
    return sum((one.abs().sum(dim=1).mean() for one in both), error.new_zeros(())) / 2


def _kink(planes: Tensor, scale: int) -> Tensor:
    step = planes.diff(dim=3)
    count = planes.shape[3] // scale - 1
    before, there, after = (step[..., scale - 2 + k :: scale][..., :count] for k in range(3))
    return there - (before + after) / 2


def _opponent(picture: Tensor) -> Tensor:
    """Return Y, Cb and Cr of R'G'B' (N, 3, H, W); luma (N, 1, H, W) as it is."""
    if picture.shape[1] == 1:
        return picture
    matrix = torch.tensor(yuv_from_rgb(Matrix.SMPTE170M), dtype=picture.dtype)
    return torch.einsum("ij,njhw->nihw", matrix.to(picture.device), picture)


def weighted_terms(values: TermValues, output: Tensor, batch: Batch) -> Tensor:
    """Return the weighted sum of all terms: a scalar, 0 where no weight is set."""
    target, low = batch.high, batch.low
    total = output.new_zeros(())
    if values.smooth:
        total = total + values.smooth * smooth(output, target)
    if values.differences:
        total = total + values.differences * differences(output, target)
    if values.texture:
        total = total + values.texture * texture(output, target)
    if values.tone:
        total = total + values.tone * tone(output, low)
    if values.overshoot:
        total = total + values.overshoot * overshoot(output, low)
    if values.grid:
        total = total + values.grid * grid(output, target, output.shape[-1] // low.shape[-1])
    if values.kinks:
        total = total + values.kinks * kinks(output, target, output.shape[-1] // low.shape[-1])
    if values.temporal:
        total = total + values.temporal * temporal(output, target, low)
    if values.consistency:
        assert batch.move is not None  # refused before the start
        total = total + values.consistency * consistency(output, batch.move)
    return total


def without_border(output: Tensor, batch: Batch, border: int) -> tuple[Tensor, Batch]:
    """Return output and batch without ``border`` low-resolution pixels at each side."""
    if border == 0:
        return output, batch
    edge = border * (output.shape[-1] // batch.low.shape[-1])
    inner = (..., slice(edge, -edge), slice(edge, -edge))
    low = batch.low[..., border:-border, border:-border]
    return output[inner], replace(batch, low=low, high=batch.high[inner])


def _energy(picture: Tensor) -> Tensor:
    gray = luma(picture)
    detail = gray - blurred(gray, DETAIL)
    return (blurred(detail.square(), NEIGHBOURHOOD) + FLOOR**2).sqrt()
