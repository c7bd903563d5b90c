"""Channels times a 3x3 matrix: what turns YUV into RGB and back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def mixed(picture: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Return the channels (N, 3, H, W) times a 3x3 matrix, kept out of any autocast."""
    if picture.is_cuda:
        return mixed_by_plane(picture, matrix)
    weight = torch.tensor(matrix, dtype=picture.dtype)
    with torch.autocast(picture.device.type, enabled=False):
        return F.conv2d(picture, weight[:, :, None, None])


def mixed_by_plane(picture: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Return the same with the numbers as arguments: a CUDA graph allows no copy from the host.

    Exact float32 too, where a convolution may round to TF32.
    """
    mixed = torch.empty_like(picture, memory_format=torch.contiguous_format)
    planes = picture.unbind(1)
    for row, own in zip(matrix, mixed.unbind(1), strict=True):
        torch.mul(planes[0], row[0], out=own)
        for factor, plane in zip(row[1:], planes[1:], strict=True):
            own.add_(plane, alpha=factor)
    return mixed
