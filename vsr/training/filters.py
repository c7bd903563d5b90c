"""Filters of pictures (N, C, H, W), float, in torch: for targets and for losses alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vsr.colour import Matrix, luma_weights
from vsr.kernels import LANCZOS3, Array, Kernel
from vsr.metrics.imresize import resize_matrix
from vsr.training.damage.line_matrices import gaussian


def blurred(picture: Tensor, deviation: float) -> Tensor:
    """Blur by a Gaussian; at the border it averages what is there."""
    down, right = (
        torch.from_numpy(_gaussian(side, deviation)).to(picture) for side in picture.shape[-2:]
    )
    return down @ picture @ right.T


def enlarged(low: Tensor, size: torch.Size, kernel: Kernel = LANCZOS3) -> Tensor:
    """Enlarge to (N, C, *size), by Lanczos unless told otherwise."""
    down, right = (
        torch.from_numpy(np.array(resize_matrix(there, side, kernel))).to(low)
        for there, side in zip(low.shape[-2:], size)
    )
    return down @ low @ right.T


def local_range(picture: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Return the least and the largest value within a window, odd, which ends at the border."""
    return -_largest(-picture, window), _largest(picture, window)


def luma(picture: Tensor) -> Tensor:
    """Return the luma of BT.601, (N, 1, H, W), of R'G'B' or of luma itself."""
    if picture.shape[1] == 1:
        return picture
    weights = torch.tensor(luma_weights(Matrix.SMPTE170M), device=picture.device)
    return torch.einsum("nchw,c->nhw", picture, weights.to(picture))[:, None]


def _largest(picture: Tensor, window: int) -> Tensor:
    for shape in ((window, 1), (1, window)):
        padding = (shape[0] // 2, shape[1] // 2)
        picture = F.max_pool2d(picture, shape, stride=1, padding=padding)  # pads with -inf
    return picture


@lru_cache(maxsize=16)
def _gaussian(side: int, deviation: float) -> Array:
    return gaussian(side, deviation)
