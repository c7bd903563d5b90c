"""What a plain network is while it learns: rounded as int8 rounds it, or with slopes below 0.

`RoundedPlain` is for the `quantise` step. Weights and features are rounded to the numbers that
`vsr.models.int8` would round them to, up to its compensation of errors; gradients pass the rounding
as if it were not there.

`SlopedPlain` starts from a compact network of the same shape. The two differ in what is below 0: a
compact network multiplies it by a slope of each channel, a plain one, which is faster and blends
with its flavours, has none there. The slopes are multiplied by a ``share`` that training leads from
1 to 0, so that the first step computes what the compact network does and the last one what is
exported. Measured on pairs of a compressed patch and what ``realesr-general-x4v3`` makes of it, for
`quality`'s shape from ``realesr-animevideov3``: 33.5 dB against the teacher after 5,900 steps, with
the slopes led to 0 over the first half.

Source: B. Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference (CVPR 2018), section 3.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.errors import InvalidCheckpoint
from vsr.models.blocks import nearest_base
from vsr.models.int8.convolution import PEAK
from vsr.models.int8.features import ranges_of, tail_shift
from vsr.models.plain import Compact, Plain

FRACTION = 1 << 16
"""Logarithms are kept as whole numbers of this, which no average of the weights touches."""


class LearningPlain(Plain):
    """`Plain` in a form in which it learns: what it has besides stays behind."""

    def plain(self) -> Plain:
        """Return the float network, to export and to run."""
        net = Plain(self.scale, self.channels, self.depth, self.colour)
        own = net.state_dict()
        net.load_state_dict({name: v for name, v in self.state_dict().items() if name in own})
        return net.train(self.training)


class RoundedPlain(LearningPlain):
    """`Plain` whose weights and features are whole numbers of steps; `exact` is the float network.

    Keys: those of `Plain`, and three tables of logarithms, which are not learnt: ``steps``
    (depth + 1, C) of the features, ``shifts`` (depth, C) and ``tail_shift`` (O,) of the sums.
    """

    steps: Tensor
    shifts: Tensor
    tail_shift: Tensor

    def __init__(self, like: Plain) -> None:
        super().__init__(like.scale, like.channels, like.depth, like.colour)
        own = self.state_dict()
        self.load_state_dict({name: v for name, v in like.state_dict().items() if name in own})
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
        for index, (conv, shift) in enumerate(zip(self.body, self.shifts, strict=True)):
            assert isinstance(conv, nn.Conv2d)
            factor = torch.exp2(shift.float())  # products in one code
            made = steps[index + 1] / factor
            sums = F.conv2d(codes, _whole(conv.weight, steps[index], made), padding=1)
            assert conv.bias is not None
            sums = sums + _rounded(conv.bias / made)[:, None, None]
            codes = _cut(sums / factor[:, None, None])
        unit = torch.exp2(-self.tail_shift.float())
        added = F.conv2d(codes, _whole(self.tail.weight, steps[-1], unit), padding=1)
        assert self.tail.bias is not None
        added = added * unit[:, None, None] + self.tail.bias[:, None, None]
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


class SlopedPlain(LearningPlain):
    """`Plain` with slopes below 0, times ``share``.

    Keys: those of `Plain`, and ``slopes``, (depth + 1, channels), which are not learnt.
    """

    slopes: Tensor

    def __init__(self, like: Plain, slopes: Tensor | None = None) -> None:
        super().__init__(like.scale, like.channels, like.depth, like.colour)
        self.load_state_dict(like.state_dict())
        self.share = 1.0
        none = torch.zeros(self.depth + 1, self.channels)
        self.register_buffer("slopes", none if slopes is None else slopes)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W) in [0, 1]; the output is not clamped."""
        features = x
        for conv, slope in zip((self.head, *self.body), self.slopes, strict=True):
            features = self._activated(conv(features), slope)
        enlarged: Tensor = self.shuffle(self.tail(features) + nearest_base(x, self.scale))
        return enlarged

    def _activated(self, features: Tensor, slope: Tensor) -> Tensor:
        if self.share == 0:
            return F.relu(features)
        below = (self.share * slope).to(features.dtype)[:, None, None]
        return F.relu(features) - below * F.relu(-features)


def sloped(source: Compact, target: Plain, where: str) -> SlopedPlain:
    """Return ``target`` in a form that computes what ``source`` does.

    Args:
        where: what the weights are called, for messages.

    Raises:
        InvalidCheckpoint: they are not of one shape.
    """
    shapes = [(net.scale, net.channels, net.depth, net.colour) for net in (source, target)]
    if shapes[0] != shapes[1]:
        there, here = (f"×{s}, {c} channels, {d} layers, {k}" for s, c, d, k in shapes)
        raise InvalidCheckpoint(
            f"{where}: a compact network of {there} cannot start a plain one of {here}. Choose "
            "another --init."
        )
    for conv, theirs in zip((target.head, *target.body, target.tail), source.convolutions):
        cast(nn.Conv2d, conv).load_state_dict(theirs.state_dict())
    return SlopedPlain(target, torch.stack([one.weight.detach() for one in source.activations]))
