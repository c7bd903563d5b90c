"""Start a plain network from a compact one of its shape: PReLU becomes ReLU while it learns.

The two differ in what is below 0: a compact network multiplies it by a slope of each channel, a
plain one, which is faster and blends with its flavours, has none there. `SlopedPlain` multiplies
the slopes by a ``share`` that training leads from 1 to 0, so that the first step computes what the
compact network does and the last one what is exported.

Measured on pairs of a compressed patch and what ``realesr-general-x4v3`` makes of it, for
`quality`'s shape from ``realesr-animevideov3``: 33.5 dB against the teacher after 5,900 steps, with
the slopes led to 0 over the first half.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import InvalidCheckpoint
from vsr.models.blocks import nearest_base
from vsr.models.compact import Compact
from vsr.models.plain import Plain


class SlopedPlain(Plain):
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

    def plain(self) -> Plain:
        """Return the network without slopes, to export and to run."""
        net = Plain(self.scale, self.channels, self.depth, self.colour)
        net.load_state_dict({k: v for k, v in self.state_dict().items() if k in net.state_dict()})
        return net.train(self.training)

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
