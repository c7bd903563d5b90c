"""Dense optical flow: Lucas and Kanade's least squares over windows, from coarse to fine.

Source: B. Lucas and T. Kanade, An Iterative Image Registration Technique (IJCAI 1981); pyramid as
J.-Y. Bouguet (2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

LEVELS = 4
STEPS = 6
WINDOW = 9
"""Pixels a side over which a motion is taken to be one."""

SMALLEST_SIDE = 24
"""The pyramid ends before a side becomes shorter."""

DAMPING = 4.0
"""Added to the diagonal of the normal equations, in squared codes per pixel: flat places stay."""

AGREEMENT = 0.3
"""Pixels by which forward and backward flow may disagree where a flow is believed."""

Luma = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """Where each pixel of a frame is found in the next.

    Attributes:
        motion: (2, H, W), right and down, in pixels.
        is_believed: (H, W): the way back ends where it began, and not outside the frame.
    """

    motion: Tensor
    is_believed: Tensor


def flow_between(first: Luma, second: Luma) -> Flow:
    """Return the flow from one frame to the next, (H, W) in codes."""
    a, b = (torch.from_numpy(np.ascontiguousarray(one))[None, None] for one in (first, second))
    forward, backward = _pyramid(a, b), _pyramid(b, a)
    gap = (forward + warped(backward, forward))[0]
    rows, columns = first.shape
    down, right = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    ends = forward[0] + torch.stack((right, down))
    inside = (ends >= 2).all(0) & (ends[0] <= columns - 3) & (ends[1] <= rows - 3)
    return Flow(motion=forward[0], is_believed=inside & (gap.square().sum(0).sqrt() < AGREEMENT))


def enlarged(motion: Tensor, scale: int) -> Tensor:
    """Return the flow (2, H, W) of a picture ``scale`` times as large."""
    large = F.interpolate(motion[None], scale_factor=scale, mode="bilinear", align_corners=False)
    return large[0] * scale


def refined(first: Tensor, second: Tensor, motion: Tensor, window: int, steps: int) -> Tensor:
    """Improve a flow by least squares over windows: (1, 1, H, W) twice, (1, 2, H, W)."""
    for _ in range(steps):
        moved = warped(second, motion)
        right, down = _slopes((first + moved) / 2)
        change = moved - first
        xx, yy, xy, xt, yt = (
            _mean(product, window)
            for product in (
                right * right, down * down, right * down, right * change, down * change
            )
        )  # fmt: skip
        xx, yy = xx + DAMPING, yy + DAMPING
        determinant = xx * yy - xy * xy
        step = torch.cat((xy * yt - yy * xt, xy * xt - xx * yt), 1) / determinant
        motion = motion + step.clamp(-1, 1)
    return motion


def warped(picture: Tensor, motion: Tensor) -> Tensor:
    """Return what lies at ``motion`` from each place, bicubic: (1, C, H, W), (1, 2, H, W)."""
    rows, columns = picture.shape[-2:]
    down, right = torch.meshgrid(
        torch.arange(rows, dtype=motion.dtype),
        torch.arange(columns, dtype=motion.dtype),
        indexing="ij",
    )
    x = (right + motion[0, 0]) * 2 / (columns - 1) - 1
    y = (down + motion[0, 1]) * 2 / (rows - 1) - 1
    grid = torch.stack((x, y), dim=-1)[None]
    return F.grid_sample(picture, grid, "bicubic", padding_mode="border", align_corners=True)


def _pyramid(a: Tensor, b: Tensor) -> Tensor:
    levels = [(a, b)]
    while len(levels) < LEVELS and min(levels[-1][0].shape[-2:]) >= 2 * SMALLEST_SIDE:
        levels.append((F.avg_pool2d(levels[-1][0], 2), F.avg_pool2d(levels[-1][1], 2)))
    motion = torch.zeros(1, 2, *levels[-1][0].shape[-2:])
    for first, second in reversed(levels):
        size = first.shape[-2:]
        if motion.shape[-2:] != size:
            motion = 2 * F.interpolate(motion, size=size, mode="bilinear", align_corners=False)
        motion = refined(first, second, motion, WINDOW, STEPS)
    return motion


def _slopes(picture: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    right = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return right, down


def _mean(values: Tensor, side: int) -> Tensor:
    """Return means over windows, which weigh the middle more: a box twice."""
    pad = side // 2
    for kernel, padding in (((side, 1), (pad, 0)), ((1, side), (0, pad))) * 2:
        values = F.avg_pool2d(values, kernel, 1, padding, count_include_pad=False)
    return values
