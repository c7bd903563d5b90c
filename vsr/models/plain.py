"""A plain stack of 3×3 convolutions at low resolution: the shape of `fast`, `quality`, `lite`.

Depthwise convolutions, attention and features at high resolution were rejected: at equal
multiply-accumulates they are slower on a GPU, where launches and bytes count, and no better.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import InvalidOption
from vsr.models.blocks import (
    BRANCH_GAIN,
    Channels,
    Generator,
    ReparameterisedConv,
    nearest_base,
    whole_scale,
)
from vsr.models.checkpoint import Tensors, count_numbered

SCALES = (2, 3, 4)


class Stack(Generator):
    """Convolve, ReLU, … convolve, add the nearest base, pixel shuffle: what both forms compute.

    Keys: ``head``, ``body.N``, ``tail``. The tail is linear.

    Args:
        scale: 2, 3 or 4.
        channels: width of the features.
        depth: how many convolutions there are between head and tail.
        colour: ``rgb``, or ``luma`` for one channel.

    Raises:
        InvalidOption: another scale.
    """

    has_linear_tail = True
    head: nn.Module
    body: nn.ModuleList
    tail: nn.Module

    def __init__(self, scale: int, channels: int, depth: int, colour: Channels = "rgb") -> None:
        super().__init__()
        if scale not in SCALES:
            raise InvalidOption(
                f"×{scale}: plain networks enlarge by 2, 3 or 4. Choose one of these."
            )
        self.scale, self.colour = scale, colour
        self.channels, self.depth = channels, depth
        self.shuffle = nn.PixelShuffle(scale)

    @property
    def image_channels(self) -> int:
        """How many channels a picture has."""
        return 3 if self.colour == "rgb" else 1

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W) in [0, 1]; the output is not clamped."""
        features = F.relu(self.head(x))
        for conv in self.body:
            features = F.relu(conv(features))
        enlarged: Tensor = self.shuffle(self.tail(features) + nearest_base(x, self.scale))
        return enlarged


class Plain(Stack):
    """The network as it is run and exported: each convolution an ordinary one."""

    architecture = "plain"
    head: nn.Conv2d
    tail: nn.Conv2d

    def __init__(self, scale: int, channels: int, depth: int, colour: Channels = "rgb") -> None:
        super().__init__(scale, channels, depth, colour)
        image = self.image_channels
        self.head = nn.Conv2d(image, channels, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.tail = nn.Conv2d(channels, image * scale**2, 3, padding=1)
        self._start_near_identity()

    @torch.no_grad()
    def _start_near_identity(self) -> None:
        """Let the body pass its features on and the output be the nearest base, nearly."""
        for conv in (self.head, *self.body, self.tail):
            assert isinstance(conv, nn.Conv2d)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type] # built with one
            if conv is not self.head:
                conv.weight.mul_(BRANCH_GAIN)
            if conv is not self.head and conv is not self.tail:
                conv.weight += nn.init.dirac_(torch.empty_like(conv.weight))


class ReparameterisedPlain(Stack):
    """`Plain` as it is trained: each convolution a `ReparameterisedConv`.

    `plain` gives back the network that computes the same; `of` starts from one.
    """

    architecture = "plain-reparameterised"
    head: ReparameterisedConv
    tail: ReparameterisedConv

    def __init__(self, scale: int, channels: int, depth: int, colour: Channels = "rgb") -> None:
        super().__init__(scale, channels, depth, colour)
        image = self.image_channels
        self.head = ReparameterisedConv(image, channels)
        self.body = nn.ModuleList(
            ReparameterisedConv(channels, channels, BRANCH_GAIN, has_identity=True)
            for _ in range(depth)
        )
        self.tail = ReparameterisedConv(channels, image * scale**2, BRANCH_GAIN)

    @classmethod
    def of(cls, plain: Plain) -> ReparameterisedPlain:
        """Return a training form that computes what ``plain`` does."""
        net = cls(plain.scale, plain.channels, plain.depth, plain.colour)
        net.head.take(plain.head)
        net.tail.take(plain.tail)
        for mine, theirs in zip(net.body, plain.body, strict=True):
            cast(ReparameterisedConv, mine).take(cast(nn.Conv2d, theirs))
        return net

    def plain(self) -> Plain:
        """Return the plain network that computes the same, to export and to run."""
        net = Plain(self.scale, self.channels, self.depth, self.colour)
        net.head, net.tail = self.head.plain(), self.tail.plain()
        net.body = nn.ModuleList(cast(ReparameterisedConv, conv).plain() for conv in self.body)
        return net.train(self.training)


FAST = (48, 8)
"""Channels and body depth of `fast`: 188 400 parameters at ×4."""

QUALITY = (64, 16)
"""Channels and body depth of `quality`: 620 336 parameters at ×4."""


def fast(scale: int) -> Plain:
    """Return `fast`, initialised: 48 channels, 8 body convolutions, radius 10.

    Raises:
        InvalidOption: a scale other than 2, 3 and 4.
    """
    return Plain(scale, *FAST)


def quality(scale: int) -> Plain:
    """Return `quality`, initialised: 64 channels, 16 body convolutions, radius 18.

    Raises:
        InvalidOption: a scale other than 2, 3 and 4.
    """
    return Plain(scale, *QUALITY)


LITE = (16, 4)
"""Channels and body depth of `lite`: 11 760 parameters at ×4."""


def lite(scale: int) -> Plain:
    """Return `lite`, initialised: one channel in and out, radius 6.

    Raises:
        InvalidOption: a scale other than 2, 3 and 4.
    """
    return Plain(scale, *LITE, colour="luma")


def plain_of(tensors: Tensors) -> Plain | ReparameterisedPlain | None:
    """Return an untrained network of the shape of these tensors; None if they are of another kind.

    Raises:
        InvalidOption: a layer is missing, or the tail has the outputs of no scale there is.
    """
    for form, weight in ((Plain, "weight"), (ReparameterisedPlain, "kernel")):
        if not {f"head.{weight}", f"tail.{weight}"} <= tensors.keys():
            continue
        channels, image = tensors[f"head.{weight}"].shape[:2]
        if image not in (1, 3):
            raise InvalidOption(f"a network of {image} image channels.")
        scale = whole_scale(tensors[f"tail.{weight}"].shape[0], image)
        depth = count_numbered(tensors, "body")
        return form(scale, channels, depth, "rgb" if image == 3 else "luma")
    return None
