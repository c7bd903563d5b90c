"""SwiftSRGAN: a residual generator of depthwise-separable convolutions.

Source: K. S. Krishnan and K. S. Krishnan, SwiftSRGAN (2021), arXiv 2111.14320, as in its
published code. The names of the parameters are those of the published checkpoints, including some
that are never used: ``act`` of each ``block2`` and of ``convblock``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vsr.models.blocks import Generator, doublings
from vsr.models.checkpoint import Tensors, count_numbered


class SeparableConv(nn.Module):
    """A depthwise convolution, then a pointwise one: (N, c_in, H, W) → (N, c_out, H, W)."""

    def __init__(
        self, c_in: int, c_out: int, side: int, *, stride: int = 1, has_bias: bool = True
    ) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            c_in, c_in, side, stride, padding=side // 2, groups=c_in, bias=has_bias
        )
        self.pointwise = nn.Conv2d(c_in, c_out, 1, bias=has_bias)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with zero padding."""
        out: Tensor = self.pointwise(self.depthwise(x))
        return out


class SeparableBlock(nn.Module):
    """A separable convolution with optional batch norm and PReLU.

    A block with batch norm has no bias; a block without activation has a slope all the same.
    """

    def __init__(
        self, c_in: int, c_out: int, side: int, *, has_norm: bool, is_activated: bool
    ) -> None:
        super().__init__()
        self.is_activated = is_activated
        self.cnn = SeparableConv(c_in, c_out, side, has_bias=not has_norm)
        self.bn = nn.BatchNorm2d(c_out) if has_norm else nn.Identity()
        self.act = nn.PReLU(c_out)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, normalise, activate: (N, c_in, H, W) → (N, c_out, H, W)."""
        out: Tensor = self.bn(self.cnn(x))
        return self.act(out) if self.is_activated else out


class SeparableResidualBlock(nn.Module):
    """Two separable blocks and the input added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block1 = SeparableBlock(channels, channels, 3, has_norm=True, is_activated=True)
        self.block2 = SeparableBlock(channels, channels, 3, has_norm=True, is_activated=False)

    def forward(self, x: Tensor) -> Tensor:
        """Add the output of the two blocks to ``x``: (N, C, H, W) → the same."""
        out: Tensor = self.block2(self.block1(x))
        return out + x


class SeparableUpsampleBlock(nn.Module):
    """A separable convolution to four times the channels, pixel shuffle, PReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = SeparableConv(channels, channels * 4, 3)
        self.ps = nn.PixelShuffle(2)
        self.act = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Double both sides: (N, C, H, W) → (N, C, 2H, 2W)."""
        out: Tensor = self.act(self.ps(self.conv(x)))
        return out


class SwiftSRGAN(Generator):
    """The generator: R'G'B' (N, 3, H, W) in [0, 1] → (N, 3, scale·H, scale·W) in [0, 1].

    The tail is (tanh + 1) / 2, so it is not linear.

    Args:
        scale: 2 or 4: log2 of it is the number of upsampling blocks.
        channels: width of the features.
        depth: how many residual blocks there are.

    Raises:
        InvalidOption: another scale.
    """

    architecture = "swift-srgan"
    colour = "rgb"
    has_linear_tail = False

    def __init__(self, scale: int = 4, channels: int = 64, depth: int = 16) -> None:
        super().__init__()
        self.scale = scale
        self.initial = SeparableBlock(3, channels, 9, has_norm=False, is_activated=True)
        self.residual = nn.Sequential(*(SeparableResidualBlock(channels) for _ in range(depth)))
        self.convblock = SeparableBlock(channels, channels, 3, has_norm=True, is_activated=False)
        self.upsampler = nn.Sequential(
            *(SeparableUpsampleBlock(channels) for _ in range(doublings(scale)))
        )
        self.final_conv = SeparableConv(channels, 3, 9)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, 3, H, W)."""
        initial = self.initial(x)
        features = self.convblock(self.residual(initial)) + initial
        return (torch.tanh(self.final_conv(self.upsampler(features))) + 1) / 2


def swift_srgan_of(tensors: Tensors) -> SwiftSRGAN | None:
    """Return an untrained network of the shape of these tensors; None if they are of another kind.

    Raises:
        InvalidOption: a block is missing, or another scale.
    """
    if not {"initial.cnn.depthwise.weight", "final_conv.pointwise.weight"} <= tensors.keys():
        return None
    channels = tensors["initial.cnn.pointwise.weight"].shape[0]
    depth = count_numbered(tensors, "residual")
    return SwiftSRGAN(2 ** count_numbered(tensors, "upsampler"), channels, depth)
