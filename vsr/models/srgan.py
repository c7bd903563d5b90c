"""SRGAN's generator, SRResNet; DPSRGAN, of dilated blocks; SwiftSRGAN, of separable ones.

The output of the first two is in [0, 1] as the input is, where SRGAN's paper has [-1, 1]: the tail
is linear. A block of DPSRGAN has a third convolution. Its authors' code passes ``dilation=2`` for
the paper's "dilation rate 1" (one pixel skipped); 1 would be an ordinary convolution.
SwiftSRGAN's parameters have the names of the published checkpoints, including some that are never
used: ``act`` of each ``block2`` and of ``convblock``.

Source: C. Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative
Adversarial Network (CVPR 2017), arXiv 1609.04802, figure 4; one shared PReLU slope per layer.
K. Chordiya et al., DPSRGAN: Dilation Patch Super-Resolution Generative Adversarial Networks (2021),
IEEE 9417903, and its authors' code.
K. S. Krishnan and K. S. Krishnan, SwiftSRGAN (2021), arXiv 2111.14320, as in its published code.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from vsr.errors import InvalidOption
from vsr.models.blocks import Generator, doublings
from vsr.models.checkpoint import Tensors, count_numbered


class ResidualBlock(nn.Module):
    """conv – BN – PReLU – conv – BN, and the input added: (N, C, H, W) → the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act = nn.PReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Add the output of the two convolutions to ``x``."""
        out: Tensor = self.bn2(self.conv2(self.act(self.bn1(self.conv1(x)))))
        return out + x


class UpsampleBlock(nn.Module):
    """conv – pixel shuffle – PReLU: (N, C, H, W) → (N, C, 2H, 2W).

    Args:
        conv: to four times the channels.
        slopes: 1 for one shared slope, or as many as channels.
    """

    def __init__(self, conv: nn.Module, slopes: int) -> None:
        super().__init__()
        self.conv = conv
        self.shuffle = nn.PixelShuffle(2)
        self.act = nn.PReLU(slopes)

    def forward(self, x: Tensor) -> Tensor:
        """Double both sides."""
        out: Tensor = self.act(self.shuffle(self.conv(x)))
        return out


class ResidualGenerator(Generator):
    """SRGAN and DPSRGAN: R'G'B' (N, 3, H, W) in [0, 1] → (N, 3, scale·H, scale·W), not clamped.

    Args:
        scale: 2 or 4: log2 of it is the number of upsampling blocks.
        channels: width of the features.
        body: the residual blocks.
        slopes: of each PReLU: 1 for a shared one, or ``channels``.
        has_bias: of the convolution after the body.

    Raises:
        InvalidOption: another scale.
    """

    colour = "rgb"
    has_linear_tail = True

    def __init__(
        self, scale: int, channels: int, body: Iterable[nn.Module], slopes: int, *, has_bias: bool
    ) -> None:
        super().__init__()
        self.scale = scale
        self.head = nn.Conv2d(3, channels, 9, padding=4)
        self.head_act = nn.PReLU(slopes)
        self.body = nn.Sequential(*body)
        self.mid = nn.Conv2d(channels, channels, 3, padding=1, bias=has_bias)
        self.mid_bn = nn.BatchNorm2d(channels)
        convs = (nn.Conv2d(channels, channels * 4, 3, padding=1) for _ in range(doublings(scale)))
        self.up = nn.Sequential(*(UpsampleBlock(conv, slopes) for conv in convs))
        self.tail = nn.Conv2d(channels, 3, 9, padding=4)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, 3, H, W)."""
        head = self.head_act(self.head(x))
        features = self.mid_bn(self.mid(self.body(head))) + head
        out: Tensor = self.tail(self.up(features))
        return out


class SRGAN(ResidualGenerator):
    """The generator of ``depth`` residual blocks."""

    architecture = "srgan"

    def __init__(self, scale: int = 4, channels: int = 64, depth: int = 16) -> None:
        body = (ResidualBlock(channels) for _ in range(depth))
        super().__init__(scale, channels, body, slopes=1, has_bias=False)


def srgan_of(tensors: Tensors) -> SRGAN | None:
    """Return an untrained network of the shape of these tensors; None if they are of another kind.

    Raises:
        InvalidOption: a block is missing, or another scale.
    """
    is_deeper = "body.0.conv3.weight" in tensors  # DPSRGAN's blocks have a third convolution
    if is_deeper or not {"body.0.conv2.weight", "head_act.weight"} <= tensors.keys():
        return None
    return SRGAN(*residual_shape(tensors))


def residual_shape(tensors: Tensors) -> tuple[int, int, int]:
    """Return scale, channels and depth of SRGAN and DPSRGAN.

    Raises:
        InvalidOption: a block is missing.
    """
    channels, depth = tensors["head.weight"].shape[0], count_numbered(tensors, "body")
    return 2 ** count_numbered(tensors, "up"), channels, depth


DILATION = 2
"""The value in the authors' code."""


class DilatedResidualBlock(nn.Module):
    """Three convolutions with batch norm, the first dilated, and the input added.

    Shape: (N, C, H, W) → the same.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act1 = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)
        self.act2 = nn.PReLU(channels)
        self.conv3 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Add the output of the three convolutions to ``x``."""
        features = self.act1(self.bn1(self.conv1(x)))
        features = self.act2(self.bn2(self.conv2(features)))
        out: Tensor = self.bn3(self.conv3(features))
        return out + x


class DPSRGAN(ResidualGenerator):
    """The generator of ``depth`` residual blocks, of which 0, 2, 4, … are dilated.

    No weight's shape shows the dilation, so it is kept in the state dict as a buffer; a file
    without it has the authors' 2.

    Raises:
        InvalidOption: another scale than 2 or 4, or a dilation that is not 1 to 8.
    """

    architecture = "dpsrgan"
    dilation: Tensor

    def __init__(
        self, scale: int = 4, channels: int = 64, depth: int = 16, dilation: int = DILATION
    ) -> None:
        if not 1 <= dilation <= 8:
            raise InvalidOption(f"a dilation of {dilation}: choose 1 to 8.")
        dilations = (dilation if index % 2 == 0 else 1 for index in range(depth))
        body = (DilatedResidualBlock(channels, each) for each in dilations)
        super().__init__(scale, channels, body, slopes=channels, has_bias=True)
        self.register_buffer("dilation", torch.tensor(dilation))


def dpsrgan_of(tensors: Tensors) -> DPSRGAN | None:
    """Return an untrained network of the shape of these tensors; None if they are of another kind.

    Raises:
        InvalidOption: a block is missing, or another scale.
    """
    if not {"body.0.conv3.weight", "head_act.weight"} <= tensors.keys():
        return None
    dilation = int(tensors["dilation"]) if "dilation" in tensors else DILATION
    return DPSRGAN(*residual_shape(tensors), dilation=dilation)


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
        convs = (SeparableConv(channels, channels * 4, 3) for _ in range(doublings(scale)))
        self.upsampler = nn.Sequential(*(UpsampleBlock(conv, channels) for conv in convs))
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
