"""Distances between what a classifier sees in two images, by MobileNetV2's features.

None of these is LPIPS, and none may be called so: another network, and no weights fitted to human
judgement. Each is comparable only with itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.metrics.features import TAPS, Features


def feature_distance(
    net: Features, result: Tensor, truth: Tensor, taps: Sequence[int] = TAPS
) -> Tensor:
    """Return the mean over ``taps`` of their `relative_distance`: a scalar.

    It is 0 for equal images and differentiable in ``result``. Shape: (N, 3, H, W) in [0, 1].
    """
    return relative_distance(net(result, taps), net(truth, taps))


def relative_distance(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
    """Return the mean over pairs of mean|mine - theirs| / mean|theirs|: a scalar."""
    distances = [
        (a - b).abs().mean() / b.abs().mean().clamp_min(1e-12)
        for a, b in zip(mine, theirs, strict=True)
    ]
    return torch.stack(distances).mean()


def cosine_distance(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
    """Return the mean over pairs and positions of 1 - cos(mine, theirs): a scalar, 0 to 2.

    Half of LPIPS's squared distance of unit vectors, with every channel weighted equally.
    Shapes: (N, C, h, w); the angle is between the C values of a position.

    Source: R. Zhang et al., LPIPS (arXiv 1801.03924), equation 1.
    """
    distances = [
        1 - F.cosine_similarity(a, b, dim=1).mean() for a, b in zip(mine, theirs, strict=True)
    ]
    return torch.stack(distances).mean()
