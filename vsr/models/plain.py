"""Stacks of 3×3 convolutions at low resolution: `fast`, `quality`, `lite`; SRVGGNetCompact.

Depthwise convolutions, attention and features at high resolution were rejected: at equal
multiply-accumulates they are slower on a GPU, where launches and bytes count, and no better.

SRVGGNetCompact, of Real-ESRGAN's small models, has PReLU with a slope for each channel. Source:
X. Wang et al., Real-ESRGAN (ICCVW 2021), arXiv 2107.10833, and its repository's
``srvgg_arch.py``, whose parameter names are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import InvalidOption
from vsr.models.blocks import (
    BRANCH_GAIN,
    LARGEST_SCALE,
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
        self.scale, self.colour, self.shows_cells = scale, colour, colour == "rgb"
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


SHAPE = (64, 16)
"""Channels and depth of ``realesr-animevideov3``: 621 424 parameters at ×4."""

DEEP_SHAPE = (64, 32)
"""Channels and depth of ``realesr-general-x4v3``: 1 213 296 parameters at ×4."""


class Compact(Generator):
    """Convolve, PReLU, … convolve, pixel shuffle, add the nearest base.

    Keys: ``body.N``: a convolution where N is even, the slopes after it where N is odd.

    Args:
        scale: 1 to 8.
        channels: width of the features.
        depth: how many convolutions there are between the first and the last.
        colour: ``rgb``, or ``luma`` for one channel.

    Raises:
        InvalidOption: another scale.
    """

    architecture = "compact"
    has_linear_tail = True

    def __init__(self, scale: int, channels: int, depth: int, colour: Channels = "rgb") -> None:
        super().__init__()
        if not 1 <= scale <= LARGEST_SCALE:
            raise InvalidOption(f"×{scale}: compact networks enlarge by 1 to {LARGEST_SCALE}.")
        self.scale, self.colour = scale, colour
        self.channels, self.depth = channels, depth
        image = 3 if colour == "rgb" else 1
        widths = [image, *[channels] * (depth + 1)]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.PReLU(after)]
        layers.append(nn.Conv2d(channels, image * scale**2, 3, padding=1))
        self.body = nn.ModuleList(layers)
        self.shuffle = nn.PixelShuffle(scale)

    @property
    def convolutions(self) -> tuple[nn.Conv2d, ...]:
        """All convolutions, in order."""
        return tuple(cast(nn.Conv2d, layer) for layer in self.body[::2])

    @property
    def activations(self) -> tuple[nn.PReLU, ...]:
        """What follows each convolution but the last."""
        return tuple(cast(nn.PReLU, layer) for layer in self.body[1::2])

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W) in [0, 1]; the output is not clamped."""
        features = x
        for layer in self.body:
            features = layer(features)
        enlarged: Tensor = self.shuffle(features + nearest_base(x, self.scale))
        return enlarged


def compact(scale: int) -> Compact:
    """Return a fresh network of the shape of ``realesr-animevideov3``: radius 18.

    Raises:
        InvalidOption: a scale other than 1 to 8.
    """
    return Compact(scale, *SHAPE)


def compact_deep(scale: int) -> Compact:
    """Return a fresh network of the shape of ``realesr-general-x4v3``: radius 34.

    Raises:
        InvalidOption: a scale other than 1 to 8.
    """
    return Compact(scale, *DEEP_SHAPE)


def compact_of(tensors: Mapping[str, Tensor]) -> Compact | None:
    """Return an untrained network of the shape of these tensors; None if they are of another kind.

    Raises:
        InvalidOption: a layer is missing, or the last has the outputs of no whole scale.
    """
    if not all(re.fullmatch(r"body\.\d+\.(weight|bias)", name) for name in tensors):
        return None
    if not {tensor.ndim for tensor in tensors.values()} <= {1, 4}:
        return None
    last = count_numbered(tensors, "body") - 1
    if last < 2 or last % 2:
        raise InvalidOption(f"'body.{last}' is not the last of an odd number of layers.")
    for name in ("body.0.weight", f"body.{last}.weight"):
        if tensors[name].ndim != 4:
            raise InvalidOption(f"'{name}' of {tensors[name].ndim} axes is no convolution.")
    channels, image = tensors["body.0.weight"].shape[:2]
    if image not in (1, 3):
        raise InvalidOption(f"a network of {image} image channels.")
    scale = whole_scale(tensors[f"body.{last}.weight"].shape[0], image)
    return Compact(scale, channels, last // 2 - 1, "rgb" if image == 3 else "luma")
