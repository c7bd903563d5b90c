"""A plain network with integer features and float ends: it takes and gives what the float one does.

Both ends see the picture in float32, so that codes of any depth keep their last bit: the first
convolution, whose features are then rounded to codes, and the base that the tail's sums are added
to.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from vsr.models.blocks import Channels
from vsr.models.int8.convolution import PEAK
from vsr.models.int8.features import IntegerFeatures
from vsr.models.plain import Plain
from vsr.models.rewrites.onednn import PostOpConv

HALF = 0.5
"""Added before the fraction is cut off, to round."""


class Ends(Protocol):
    """The convolutions at the ends of a network, the tail's bias being in ``base``."""

    @property
    def head(self) -> nn.Module:
        """From the picture to features."""
        ...

    @property
    def tail(self) -> nn.Module:
        """From features to what is added to the base."""
        ...

    @property
    def base(self) -> nn.Module:
        """From the picture to what is nearly the result."""
        ...


class IntegerPlain(nn.Module):
    """Head, integer features, tail + base, as one network.

    Shape: (N, C, H, W) float32 → what ``ends`` gives, float32.

    Args:
        ends: folded, or as trained.
        after: takes the sums: a pixel shuffle, where the network is not folded.
        scale: of the network with ``after``, and
        colour: its channels, for whoever asks; 1 and any where colour is folded.
    """

    multiple = 1

    def __init__(
        self,
        features: IntegerFeatures,
        ends: Ends,
        after: nn.Module,
        scale: int = 1,
        colour: Channels = "rgb",
    ) -> None:
        super().__init__()
        self.scale, self.colour = scale, colour
        head, tail, base = ends.head, ends.tail, ends.base
        assert isinstance(head, nn.Conv2d)
        assert isinstance(tail, nn.Conv2d)
        assert isinstance(base, nn.Conv2d)
        self.head = PostOpConv(_in_steps(head, features.steps[0]), has_relu=False)
        self.body = nn.Sequential(*features.body)
        self.tail = features.tail(tail.weight.detach().double())
        self.base = PostOpConv(base, has_relu=False)
        self.after = after

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge, or what the ends make of it."""
        codes = self.head(x).clamp_(0.0, PEAK + HALF).to(torch.uint8)
        sums: Tensor = self.tail(self.body(codes))
        enlarged: Tensor = self.after(self.base(x, sums))
        return enlarged


def with_integers(net: Plain, features: IntegerFeatures) -> IntegerPlain:
    """Return a network in [0, 1], not folded, with integer features."""
    shuffle = nn.PixelShuffle(net.scale)
    return IntegerPlain(features, _PlainEnds(net), shuffle, net.scale, net.colour)


class _PlainEnds:
    """The ends of a network that is not folded, with its nearest base as a convolution."""

    def __init__(self, net: Plain) -> None:
        self.head, self.tail = net.head, net.tail
        image, area = net.image_channels, net.scale**2
        self.base = nn.Conv2d(image, image * area, 1)
        weight = torch.eye(image).repeat_interleave(area, 0)[:, :, None, None]
        self.base.weight = nn.Parameter(weight, requires_grad=False)
        assert net.tail.bias is not None
        self.base.bias = nn.Parameter(net.tail.bias.detach().clone(), requires_grad=False)


def _in_steps(head: nn.Conv2d, steps: Tensor) -> nn.Conv2d:
    """Return a head that gives codes plus one half."""
    scaled = nn.Conv2d(head.in_channels, head.out_channels, 3, padding=1)
    weight = head.weight.detach().double() / steps[:, None, None, None]
    bias = torch.zeros_like(steps) if head.bias is None else head.bias.detach().double() / steps
    scaled.weight = nn.Parameter(weight.float(), requires_grad=False)
    scaled.bias = nn.Parameter((bias + HALF).float(), requires_grad=False)
    return scaled
