"""Losses on two frames: what stands still must not flicker, what moves must not change.

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

from torch import Tensor
from torch.nn import functional as F

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
