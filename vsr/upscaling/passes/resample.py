"""Separable Catmull-Rom resampling with exact control of the phase.

The kernel widens when the frame shrinks, so nothing aliases; at an edge the remaining taps are
renormalised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vsr.device.yuv import YuvFormat
from vsr.kernels import CATMULL_ROM, Array
from vsr.values import Size


@dataclass(frozen=True, slots=True)
class Axis:
    """How one side is resampled: ``target`` samples at ``start + j * step`` of ``source``."""

    source: int
    target: int
    start: float
    step: float

    @classmethod
    def centred(cls, source: int, target: int) -> Axis:
        """Return the axis that keeps the frame's edges in place."""
        step = source / target
        return cls(source, target, (step - 1) / 2, step)

    @classmethod
    def chroma(cls, source: tuple[int, int, float], target: tuple[int, int, float]) -> Axis:
        """Return the axis between chroma grids whose luma grids keep the frame's edges in place.

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
        """Whether every target sample coincides with its source sample."""
        return self.source == self.target and self.start == 0 and self.step == 1


def chroma_axes(
    source: tuple[Size, YuvFormat], target: tuple[Size, YuvFormat]
) -> tuple[Axis, Axis]:
    """Return (vertical, horizontal): from the chroma grid of one picture to that of another."""
    sides = []
    for side, shift, offset in (("height", "y_shift", 1), ("width", "x_shift", 0)):
        grids = [
            (getattr(size, side), 1 << getattr(fmt.layout, shift), fmt.offset[offset])
            for size, fmt in (source, target)
        ]
        sides.append(Axis.chroma(grids[0], grids[1]))
    return sides[0], sides[1]


def taps(axis: Axis) -> tuple[NDArray[np.int64], Array]:
    """Return indices and weights, both (target, count).

    Target sample j is the sum of weights[j] · source[indices[j]]; the weights of a sample sum to 1,
    and those of positions outside the source are 0.
    """
    stretch = max(1.0, axis.step)
    reach = CATMULL_ROM.radius * stretch
    centre = axis.start + axis.step * np.arange(axis.target)
    count = int(np.ceil(2 * reach)) + 1
    first = np.ceil(centre - reach).astype(np.int64)
    indices = first[:, None] + np.arange(count)
    weights = CATMULL_ROM.value((indices - centre[:, None]) / stretch)
    weights[(indices < 0) | (indices >= axis.source)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.flatnonzero(np.abs(weights).max(axis=0) > 0)
    kept = slice(used[0], used[-1] + 1)
    return np.clip(indices[:, kept], 0, axis.source - 1), weights[:, kept]


def phases(axis: Axis) -> tuple[Array, Array]:
    """Return the weights of each phase (factor, taps) and what renormalises each target sample."""
    factor = axis.factor
    centres = axis.start + axis.step * np.arange(factor)
    reach = int(np.ceil(CATMULL_ROM.radius + np.abs(centres).max()))
    taps_at = np.arange(-reach, reach + 1)
    weights = CATMULL_ROM.value(taps_at - centres[:, None])
    used = np.flatnonzero(np.abs(weights).max(axis=0) > 0)
    reach = int(np.abs(taps_at[used]).max())
    weights = weights[:, np.abs(taps_at) <= reach]
    weights /= weights.sum(axis=1, keepdims=True)
    inside = np.zeros(axis.source + 2 * reach)
    inside[reach : reach + axis.source] = 1.0
    windows = np.lib.stride_tricks.sliding_window_view(inside, 2 * reach + 1)
    return weights, 1.0 / (windows @ weights.T).ravel()[: axis.target]


Numbers = tuple[Tensor, ...]


class Memo:
    """The weights of axes as tensors, made once for each dtype and device.

    Whoever owns a CUDA graph keeps the memo whose tensors were used in it: no copy from the host
    is allowed while a graph is captured, and none is made when it runs.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Numbers] = {}

    def numbers(self, make: Callable[[Axis], Numbers], axis: Axis, like: Tensor) -> Numbers:
        """Return what ``make`` returns for this axis; floats in the dtype of ``like``."""
        key = (make, axis, like.dtype, like.device)
        if key not in self._known:
            self._known[key] = tuple(
                number.to(like.device, like.dtype if number.is_floating_point() else None)
                for number in make(axis)
            )
        return self._known[key]

    def on_device(self, table: Tensor, like: Tensor) -> Tensor:
        """Return a table where ``like`` is; the memo's owner keeps it alive."""
        key = (id(table), like.device)
        if key not in self._known:
            self._known[key] = (table.to(like.device),)
        return self._known[key][0]


def resample(
    picture: Tensor,
    vertical: Axis,
    horizontal: Axis,
    memo: Memo | None = None,
) -> Tensor:
    """Return the frame (N, C, h, w) resampled to (N, C, vertical.target, horizontal.target).

    Args:
        memo: owned by the caller, for frames that are resampled alike.
    """
    memo = memo or Memo()
    # the pass that shrinks more comes first, for fewer samples in the second
    if horizontal.step > vertical.step:
        return _along(_along(picture, horizontal, 3, memo), vertical, 2, memo)
    return _along(_along(picture, vertical, 2, memo), horizontal, 3, memo)


def resize(picture: Tensor, size: Size, memo: Memo | None = None) -> Tensor:
    """Return the frame (N, C, h, w) at ``size``, antialiased Catmull-Rom, edges kept in place.

    The same as `resample` on centred axes, using torch's own kernel where that is faster.
    """
    height, width = picture.shape[2:]
    if (height, width) == (size.height, size.width):
        return picture
    vertical, horizontal = Axis.centred(height, size.height), Axis.centred(width, size.width)
    # torch 2.13 reads an image with a side of 1 (before or after) in the wrong memory order
    has_thin_side = 1 in (height, width, size.height, size.width)
    if has_thin_side or (vertical.factor and horizontal.factor):
        return resample(picture, vertical, horizontal, memo=memo)
    return F.interpolate(
        picture, (size.height, size.width), mode="bicubic", align_corners=False, antialias=True
    )


def _along(picture: Tensor, axis: Axis, dim: int, memo: Memo) -> Tensor:
    if axis.is_identity:
        return picture
    if axis.factor:
        return _interleaved(picture, axis, dim, memo)
    return _gathered(picture, axis, dim, memo)


CACHED = 1 << 15
"""Samples that are added up at once on a CPU, so that they stay in its cache."""


def _gathered(picture: Tensor, axis: Axis, dim: int, memo: Memo) -> Tensor:
    """Add up shifted and weighted samples, tap by tap: serves every axis.

    On a CPU these are whole rows, which move as one, a few at a time: several times faster than
    sample by sample, and the same sums.
    """
    where, weight = memo.numbers(_tap_numbers, axis, picture)
    if picture.is_cuda:
        return _sum_of_taps(picture, where, weight, dim)
    if dim == 3:
        turned = picture.transpose(2, 3).contiguous()
        return _gathered(turned, axis, 2, memo).transpose(2, 3).contiguous()
    count, channels, _, width = picture.shape
    made = picture.new_empty(count, channels, axis.target, width)
    rows = max(1, CACHED // (count * channels * width))
    each = ((made, 2), (where, 1), (weight, 1))
    for part, indices, factors in zip(*(torch.split(t, rows, at) for t, at in each), strict=True):
        part.copy_(_sum_of_taps(picture, indices, factors, 2))
    return made


def _sum_of_taps(picture: Tensor, where: Tensor, weight: Tensor, dim: int) -> Tensor:
    shape = [1, 1, 1, 1]
    shape[dim] = where.shape[1]
    total = picture.index_select(dim, where[0]).mul_(weight[0].view(shape))
    for index, factor in zip(where[1:], weight[1:], strict=True):
        total.addcmul_(picture.index_select(dim, index), factor.view(shape))
    return total


def _interleaved(picture: Tensor, axis: Axis, dim: int, memo: Memo) -> Tensor:
    """Enlarge by an integer: a convolution whose output channels are the phases.

    In channels_last the phases of a sample are adjacent in memory, which is where they belong
    along a row.
    """
    factor = axis.factor
    weight, factors = memo.numbers(_phase_numbers, axis, picture)
    reach = weight.shape[-1] // 2
    rows = picture if dim == 3 else picture.transpose(2, 3)
    before, width = rows.shape[:3], rows.shape[3]
    count = before.numel()
    lines = rows.reshape(count, width).contiguous()  # a transposed view keeps its strides
    lines = lines.as_strided((1, 1, count, width), (count * width, 1, width, 1))
    by_phase = F.conv2d(lines, weight, padding=(0, reach))  # (1, factor, lines, width)
    enlarged = by_phase.permute(0, 2, 3, 1).reshape(*before, width * factor)[..., : axis.target]
    margin = min(reach * factor, axis.target)
    enlarged[..., :margin].mul_(factors[:margin])
    if 2 * margin <= axis.target:
        enlarged[..., -margin:].mul_(factors[-margin:])
    else:
        enlarged[..., margin:].mul_(factors[margin:])
    return enlarged if dim == 3 else enlarged.transpose(2, 3).contiguous()


def _tap_numbers(axis: Axis) -> Numbers:
    """Return indices and weights, both (count, target)."""
    indices, weights = taps(axis)
    return torch.from_numpy(indices.T.copy()), torch.from_numpy(weights.T.copy())


def _phase_numbers(axis: Axis) -> Numbers:
    """Return the weights of a convolution (factor, 1, 1, taps), and what renormalises (target,)."""
    weights, correction = phases(axis)
    return torch.from_numpy(weights)[:, None, None], torch.from_numpy(correction)
