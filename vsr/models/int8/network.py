"""A plain network with integer features and float ends: it takes and gives what the float one does.

Both ends see the picture in float32, so that codes of any depth keep their last bit: the first
convolution, whose features are then rounded to codes, and the base that the tail's sums are added
to.

Float kernels round differently from one instruction set to the next (with and without fused
multiplication and addition: 2 of a million codes of the head, 2 of a thousand of the result). Where
the picture is codes of 8 bits, the ends have nothing to round: their weights are multiples of
powers of two, as coarse as lets every sum fit the 24 bits of float32. So the whole network gives
the same bits on every x86 processor.
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
"""Added before the fraction is cut off, so that it rounds."""

DIGITS = 24
"""Binary digits of a float32."""

CODES = 255
"""The largest magnitude of what the first convolution takes, in codes less their offset."""

BASE_DIGITS = 6
"""Binary digits after the point of the base's weights: averages of averages of chroma have no more.
"""

NOISE = 1e-5
"""What is left of a colour matrix times its inverse, in float32."""

RESULT_DIGITS = 13
"""Binary digits after the point of results: up to 2¹¹ codes they fit a float32; larger ones are
clipped."""


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
        fraction: binary digits after the point of the picture, which is 8-bit codes less their
            offset: the ends then round nothing. None for any other picture.
    """

    multiple = 1

    def __init__(
        self,
        features: IntegerFeatures,
        ends: Ends,
        after: nn.Module,
        scale: int = 1,
        colour: Channels = "rgb",
        fraction: int | None = None,
    ) -> None:
        super().__init__()
        self.scale, self.colour = scale, colour
        head, tail, base = ends.head, ends.tail, ends.base
        assert isinstance(head, nn.Conv2d)
        assert isinstance(tail, nn.Conv2d)
        assert isinstance(base, nn.Conv2d)
        self.head = PostOpConv(_in_steps(head, features.steps[0], fraction), has_relu=False)
        self.body = nn.Sequential(*features.body)
        most = None if fraction is None else RESULT_DIGITS
        self.tail = features.tail(tail.weight.detach().double(), most)
        self.base = PostOpConv(base if fraction is None else _exact_base(base), has_relu=False)
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


def _in_steps(head: nn.Conv2d, steps: Tensor, fraction: int | None) -> nn.Conv2d:
    """Return a head that gives codes plus one half."""
    weight = head.weight.detach().double() / steps[:, None, None, None]
    bias = torch.zeros_like(steps) if head.bias is None else head.bias.detach().double() / steps
    bias = bias + HALF
    if fraction is not None:
        # one hundredth more: rounded weights may be larger
        largest = 1.01 * (CODES * weight.abs().flatten(1).sum(1) + bias.abs())
        unit = torch.exp2(largest.log2().ceil() + fraction - DIGITS)
        weight, bias = _with_sums(weight, unit), (bias / unit).round() * unit
    return _conv(weight, bias)


def _with_sums(weight: Tensor, unit: Tensor) -> Tensor:
    """Return weights (O, I, 3, 3) as multiples of ``unit`` (O,) that keep the sum of their taps."""
    so_far = (weight.flatten(2).cumsum(2) / unit[:, None, None]).round()
    taps = torch.diff(so_far, dim=2, prepend=torch.zeros_like(so_far[..., :1]))
    return (taps * unit[:, None, None]).reshape(weight.shape)


def _exact_base(base: nn.Conv2d) -> nn.Conv2d:
    """Return the base with weights that its sums need not round; they are such but for noise."""
    assert base.bias is not None
    weight, bias = base.weight.detach().double(), base.bias.detach().double()
    exact = (weight * 2**BASE_DIGITS).round() / 2**BASE_DIGITS
    assert (exact - weight).abs().max() < NOISE, "the base is no average of codes"
    return _conv(exact, (bias * 2**RESULT_DIGITS).round() / 2**RESULT_DIGITS)


def _conv(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """Return a float32 convolution of these numbers that keeps the size."""
    c_out, c_in, side, _ = weight.shape
    conv = nn.Conv2d(c_in, c_out, side, padding=side // 2)
    conv.weight = nn.Parameter(weight.float(), requires_grad=False)
    conv.bias = nn.Parameter(bias.float(), requires_grad=False)
    return conv
