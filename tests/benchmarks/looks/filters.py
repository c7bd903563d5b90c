"""Blurs, means and maxima over windows, of (H, W) or (H, W, C) in float32."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

Float = NDArray[np.float32]


def gaussian(values: Float, sigma: float) -> Float:
    """Blur with a Gaussian, the border repeated."""
    reach = round(4 * sigma)
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    weights = torch.from_numpy((kernel / kernel.sum()).astype(np.float32))
    planes = values[None] if values.ndim == 2 else np.moveaxis(values, 2, 0)
    tensor = torch.from_numpy(np.ascontiguousarray(planes, np.float32))[:, None]
    for shape, pads in (
        ((1, 1, -1, 1), (0, 0, reach, reach)),
        ((1, 1, 1, -1), (reach, reach, 0, 0)),
    ):
        tensor = F.conv2d(F.pad(tensor, pads, mode="replicate"), weights.reshape(shape))
    blurred = tensor[:, 0].numpy()
    return blurred[0] if values.ndim == 2 else np.moveaxis(blurred, 0, 2)


def box(values: Float, side: int) -> Float:
    """Return means over square windows of an odd side; smaller ones at the border: (H, W)."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))[None, None]
    pad = side // 2
    for kernel, padding in (((side, 1), (pad, 0)), ((1, side), (0, pad))):
        tensor = F.avg_pool2d(tensor, kernel, 1, padding, count_include_pad=False)
    mean: Float = tensor[0, 0].numpy()
    return mean


def largest(values: Float, side: int) -> Float:
    """Return maxima over square windows of an odd side: (H, W)."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))[None, None]
    for kernel, padding in (((side, 1), (side // 2, 0)), ((1, side), (0, side // 2))):
        tensor = F.max_pool2d(tensor, kernel, 1, padding)
    found: Float = tensor[0, 0].numpy()
    return found
