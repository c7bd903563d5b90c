"""What a plain network is in the `quantise` step: rounded as int8 rounds it.

Weights and features are rounded to the numbers that `vsr.models.int8` would round them to, up to
its compensation of errors; gradients pass the rounding as if it were not there.

Source: B. Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference (CVPR 2018), section 3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.models.blocks import nearest_base
from vsr.models.int8.convolution import PEAK
from vsr.models.int8.features import ranges_of, tail_shift
from vsr.models.plain import Plain
from vsr.training.network.standardised_plain import StandardisedPlain

FRACTION = 1 << 16
"""Logarithms are kept as whole numbers of this, which no average of the weights touches."""


class RoundedPlain(StandardisedPlain):
    """`Plain` whose weights and features are whole numbers of steps; `exact` is the float network.

    Keys: those of `StandardisedPlain`, and three tables of logarithms, which are not learnt:
    ``steps`` (depth + 1, C) of the features, ``shifts`` (depth, C) and ``tail_shift`` (O,) of the
    sums.

    Args:
        like: the network that it computes at first.
        is_standardised: learn the weights of standardised features.
    """

    steps: Tensor
    shifts: Tensor
    tail_shift: Tensor

    def __init__(self, like: Plain, *, is_standardised: bool = False) -> None:
        super().__init__(like, is_standardised=is_standardised)
        wide, outputs = (like.depth + 1, like.channels), self.tail.out_channels
        self.register_buffer("steps", torch.zeros(wide, dtype=torch.int64))
        self.register_buffer("shifts", torch.zeros(like.depth, like.channels, dtype=torch.int64))
        self.register_buffer("tail_shift", torch.zeros(outputs, dtype=torch.int64))

    @torch.no_grad()
    def take_ranges(self) -> None:
        """Take steps and shifts anew from the weights as they are."""
        net = self.plain().cpu()
        steps, shifts = ranges_of(net)
        self.steps.copy_((torch.stack(steps).log2() * FRACTION).round().long())
        self.shifts.copy_(torch.stack(shifts).round().long())
        self.tail_shift.copy_(tail_shift(net.tail.weight.double(), steps[-1]).long())

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W) in [0, 1] as int8 does; the output is not clamped."""
        steps = torch.exp2(self.steps.float() / FRACTION)
        codes = _cut(self.head(x) / steps[0][:, None, None])
        *body, (tail, tail_bias) = self.layers()
        for index, ((weight, bias), shift) in enumerate(zip(body, self.shifts, strict=True)):
            factor = torch.exp2(shift.float())  # products in one code
            made = steps[index + 1] / factor
            sums = F.conv2d(codes, _whole(weight, steps[index], made), padding=1)
            sums = sums + _rounded(bias / made)[:, None, None]
            codes = _cut(sums / factor[:, None, None])
        unit = torch.exp2(-self.tail_shift.float())
        added = F.conv2d(codes, _whole(tail, steps[-1], unit), padding=1)
        added = added * unit[:, None, None] + tail_bias[:, None, None]
        enlarged: Tensor = self.shuffle(added + nearest_base(x, self.scale))
        return enlarged

    def exact(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W) in [0, 1] without rounding."""
        return super().forward(x)


def _whole(weight: Tensor, steps: Tensor, made: Tensor) -> Tensor:
    """Return weights (O, C, 3, 3) of codes as whole numbers of ``made`` (O,)."""
    return _rounded(weight * steps[:, None, None] / made[:, None, None, None])


def _cut(codes: Tensor) -> Tensor:
    """Return codes as whole numbers between 0 and `PEAK`."""
    return _rounded(codes.clamp(0, PEAK))


def _rounded(values: Tensor) -> Tensor:
    """Return the nearest whole numbers, with the gradient of ``values``."""
    return values + (values.round() - values).detach()
