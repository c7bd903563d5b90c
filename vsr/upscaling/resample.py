"""Separable resampling with exact control of the phase.

A target sample j looks at source position ``start + j * step``, in source samples. That is enough
for plain resizing and for chroma of any siting. The kernel widens when the picture shrinks, so
nothing aliases; at an edge the taps that exist are renormalised.

Source: R. Keys, Cubic convolution interpolation (1981), a = -0.5 (Catmull-Rom).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vsr.specs import Size

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kernel:
    """An interpolation kernel: its support to one side, in samples, and its values."""

    radius: float
    value: Callable[[Floats], Floats]


def _catmull_rom(x: Floats) -> Floats:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos3(x: Floats) -> Floats:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


CATMULL_ROM = Kernel(2.0, _catmull_rom)
LANCZOS3 = Kernel(3.0, _lanczos3)


@dataclass(frozen=True, slots=True)
class Axis:
    """How one side is resampled: ``target`` samples at ``start + j * step`` of ``source``."""

    source: int
    target: int
    start: float
    step: float

    @classmethod
    def centred(cls, source: int, target: int) -> Axis:
        """Return the axis that keeps the picture's edges where they are."""
        step = source / target
        return cls(source, target, (step - 1) / 2, step)

    @classmethod
    def chroma(cls, source: tuple[int, int, float], target: tuple[int, int, float]) -> Axis:
        """Return the axis between chroma grids whose luma grids keep the picture's edges.

        Args:
            source: luma samples, subsampling (1 or 2), offset from the first luma sample.
            target: the same of the target.
        """
        source_luma, source_sub, source_offset = source
        target_luma, target_sub, target_offset = target
        step = source_luma / target_luma
        first = (target_offset + 0.5) * step - 0.5
        return cls(
            -(-source_luma // source_sub),
            -(-target_luma // target_sub),
            (first - source_offset) / source_sub,
            target_sub * step / source_sub,
        )

    @property
    def factor(self) -> int:
        """The integer that this axis enlarges by; 0 for any other axis."""
        factor = round(1 / self.step)
        is_whole = factor > 1 and factor * self.step == 1
        return factor if is_whole and self.target <= self.source * factor else 0

    @property
    def is_identity(self) -> bool:
        """Every target sample lies on its own source sample."""
        return self.source == self.target and self.start == 0 and self.step == 1


def taps(axis: Axis, kernel: Kernel) -> tuple[NDArray[np.int64], Floats]:
    """Return indices and weights, both (target, count).

    Target sample j is the sum of weights[j] · source[indices[j]]; the weights of a sample sum to 1,
    and those of positions outside the source are 0.
    """
    stretch = max(1.0, axis.step)
    reach = kernel.radius * stretch
    centre = axis.start + axis.step * np.arange(axis.target)
    count = int(np.ceil(2 * reach)) + 1
    first = np.ceil(centre - reach).astype(np.int64)
    indices = first[:, None] + np.arange(count)
    weights = kernel.value((indices - centre[:, None]) / stretch)
    weights[(indices < 0) | (indices >= axis.source)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.flatnonzero(np.abs(weights).max(axis=0) > 0)
    kept = slice(used[0], used[-1] + 1)
    return np.clip(indices[:, kept], 0, axis.source - 1), weights[:, kept]


def resample(
    picture: Tensor, vertical: Axis, horizontal: Axis, kernel: Kernel = CATMULL_ROM
) -> Tensor:
    """Return the picture (N, C, h, w) resampled to (N, C, vertical.target, horizontal.target)."""
    # the pass that shrinks more comes first, for fewer samples in the second
    if horizontal.step > vertical.step:
        return _along(_along(picture, horizontal, kernel, 3), vertical, kernel, 2)
    return _along(_along(picture, vertical, kernel, 2), horizontal, kernel, 3)


def resize(picture: Tensor, size: Size) -> Tensor:
    """Return the picture (N, C, h, w) at ``size``, antialiased Catmull-Rom, edges kept in place.

    The same as `resample` on centred axes; by torch's own kernel where that is faster.
    """
    height, width = picture.shape[2:]
    if (height, width) == (size.height, size.width):
        return picture
    vertical, horizontal = Axis.centred(height, size.height), Axis.centred(width, size.width)
    # torch 2.13 reads a picture with a side of 1 (before or after) in the wrong memory order
    has_thin_side = 1 in (height, width, size.height, size.width)
    if has_thin_side or (vertical.factor and horizontal.factor):
        return resample(picture, vertical, horizontal)
    return F.interpolate(
        picture, (size.height, size.width), mode="bicubic", align_corners=False, antialias=True
    )


def _along(picture: Tensor, axis: Axis, kernel: Kernel, dim: int) -> Tensor:
    if axis.is_identity:
        return picture
    if axis.factor:
        return _interleaved(picture, axis, kernel, dim)
    return _gathered(picture, axis, kernel, dim)


def _gathered(picture: Tensor, axis: Axis, kernel: Kernel, dim: int) -> Tensor:
    """Add up shifted and weighted samples, tap by tap: serves every axis."""
    indices, weights = taps(axis, kernel)
    shape = [1, 1, 1, 1]
    shape[dim] = axis.target
    where = torch.from_numpy(indices.T.copy()).to(picture.device)
    weight = torch.from_numpy(weights.T.copy()).to(picture)
    total = picture.index_select(dim, where[0]).mul_(weight[0].view(shape))
    for index, factor in zip(where[1:], weight[1:], strict=True):
        total.addcmul_(picture.index_select(dim, index), factor.view(shape))
    return total


def _interleaved(picture: Tensor, axis: Axis, kernel: Kernel, dim: int) -> Tensor:
    """Enlarge by an integer: a convolution whose output channels are the phases.

    In channels_last the phases of a sample lie side by side in memory, which is where they belong
    along a row.
    """
    factor = axis.factor
    weights, correction = _phases(axis, kernel)
    reach = weights.shape[1] // 2
    rows = picture if dim == 3 else picture.transpose(2, 3)
    before, width = rows.shape[:3], rows.shape[3]
    count = before.numel()
    lines = rows.reshape(count, width).contiguous()  # a transposed view keeps its strides
    lines = lines.as_strided((1, 1, count, width), (count * width, 1, width, 1))
    weight = torch.from_numpy(weights).to(picture)[:, None, None]
    phases = F.conv2d(lines, weight, padding=(0, reach))  # (1, factor, lines, width)
    enlarged = phases.permute(0, 2, 3, 1).reshape(*before, width * factor)[..., : axis.target]
    margin = min(reach * factor, axis.target)
    factors = torch.from_numpy(correction).to(picture)
    enlarged[..., :margin].mul_(factors[:margin])
    if 2 * margin <= axis.target:
        enlarged[..., -margin:].mul_(factors[-margin:])
    else:
        enlarged[..., margin:].mul_(factors[margin:])
    return enlarged if dim == 3 else enlarged.transpose(2, 3).contiguous()


def _phases(axis: Axis, kernel: Kernel) -> tuple[Floats, Floats]:
    """Return the weights of each phase (factor, taps) and what renormalises each target sample."""
    factor = axis.factor
    centres = axis.start + axis.step * np.arange(factor)
    reach = int(np.ceil(kernel.radius + np.abs(centres).max()))
    taps_at = np.arange(-reach, reach + 1)
    weights = kernel.value(taps_at - centres[:, None])
    used = np.flatnonzero(np.abs(weights).max(axis=0) > 0)
    reach = int(np.abs(taps_at[used]).max())
    weights = weights[:, np.abs(taps_at) <= reach]
    weights /= weights.sum(axis=1, keepdims=True)
    inside = np.zeros(axis.source + 2 * reach)
    inside[reach : reach + axis.source] = 1.0
    windows = np.lib.stride_tricks.sliding_window_view(inside, 2 * reach + 1)
    return weights, 1.0 / (windows @ weights.T).ravel()[: axis.target]
