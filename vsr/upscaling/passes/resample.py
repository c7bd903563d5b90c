"""Separable Catmull-Rom resampling with exact control of the phase.

The kernel widens when the frame shrinks, so nothing aliases; at an edge the remaining taps are
renormalised.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.specs import Size
from vsr.upscaling.passes.axis import Axis
from vsr.upscaling.passes.taps import phases, taps

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


def _gathered(picture: Tensor, axis: Axis, dim: int, memo: Memo) -> Tensor:
    """Add up shifted and weighted samples, tap by tap: serves every axis."""
    where, weight = memo.numbers(_tap_numbers, axis, picture)
    shape = [1, 1, 1, 1]
    shape[dim] = axis.target
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
