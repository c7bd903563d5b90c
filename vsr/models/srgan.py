"""SRGAN's generator, SRResNet, and DPSRGAN's, whose every other block is dilated.

The output is in [0, 1] as the input is, where SRGAN's paper has [-1, 1]: the tail is linear. A
block of DPSRGAN has a third convolution. Its authors' code passes ``dilation=2`` for the paper's
"dilation rate 1" (one pixel skipped); a dilation of 1 would be an ordinary convolution.

Source: C. Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative
Adversarial Network (CVPR 2017), arXiv 1609.04802, figure 4; one shared PReLU slope per layer.
K. Chordiya et al., DPSRGAN: Dilation Patch Super-Resolution Generative Adversarial Networks (2021),
IEEE 9417903, and its authors' code.
"""

from __future__ import annotations

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
    """conv to four times the channels – pixel shuffle – PReLU: (N, C, H, W) → (N, C, 2H, 2W).

    Args:
        channels: width of the features.
        slopes: 1 for one shared slope, or ``channels``.
    """

    def __init__(self, channels: int, slopes: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels * 4, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)
        self.act = nn.PReLU(slopes)

    def forward(self, x: Tensor) -> Tensor:
        """Double both sides."""
        out: Tensor = self.act(self.shuffle(self.conv(x)))
        return out


class SRGAN(Generator):
    """The generator: R'G'B' (N, 3, H, W) in [0, 1] → (N, 3, scale·H, scale·W), not clamped.

    Args:
        scale: 2 or 4: log2 of it is the number of upsampling blocks.
        channels: width of the features.
        depth: how many residual blocks there are.

    Raises:
        InvalidOption: another scale.
    """

    architecture = "srgan"
    colour = "rgb"
    has_linear_tail = True

    def __init__(self, scale: int = 4, channels: int = 64, depth: int = 16) -> None:
        super().__init__()
        self.scale = scale
        self.head = nn.Conv2d(3, channels, 9, padding=4)
        self.head_act = nn.PReLU()
        self.body = nn.Sequential(*(ResidualBlock(channels) for _ in range(depth)))
        self.mid = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.mid_bn = nn.BatchNorm2d(channels)
        self.up = nn.Sequential(*(UpsampleBlock(channels) for _ in range(doublings(scale))))
        self.tail = nn.Conv2d(channels, 3, 9, padding=4)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, 3, H, W)."""
        head = self.head_act(self.head(x))
        features = self.mid_bn(self.mid(self.body(head))) + head
        out: Tensor = self.tail(self.up(features))
        return out


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


class DPSRGAN(Generator):
    """The generator: R'G'B' (N, 3, H, W) in [0, 1] → (N, 3, scale·H, scale·W), not clamped.

    Blocks 0, 2, 4, … are dilated. No weight's shape shows the dilation, so it is kept in the
    state dict as a buffer; a file without it has the authors' 2.

    Args:
        scale: 2 or 4: log2 of it is the number of upsampling blocks.
        channels: width of the features.
        depth: how many residual blocks there are.
        dilation: 1 to 8.

    Raises:
        InvalidOption: another scale or dilation.
    """

    architecture = "dpsrgan"
    colour = "rgb"
    has_linear_tail = True
    dilation: Tensor

    def __init__(
        self, scale: int = 4, channels: int = 64, depth: int = 16, dilation: int = DILATION
    ) -> None:
        super().__init__()
        if not 1 <= dilation <= 8:
            raise InvalidOption(f"a dilation of {dilation}: choose 1 to 8.")
        self.scale = scale
        self.head = nn.Conv2d(3, channels, 9, padding=4)
        self.head_act = nn.PReLU(channels)
        self.body = nn.Sequential(
            *(DilatedResidualBlock(channels, dilation if i % 2 == 0 else 1) for i in range(depth))
        )
        self.mid = nn.Conv2d(channels, channels, 3, padding=1)
        self.mid_bn = nn.BatchNorm2d(channels)
        stages = doublings(scale)
        self.up = nn.Sequential(*(UpsampleBlock(channels, channels) for _ in range(stages)))
        self.tail = nn.Conv2d(channels, 3, 9, padding=4)
        self.register_buffer("dilation", torch.tensor(dilation))

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, 3, H, W)."""
        head = self.head_act(self.head(x))
        features = self.mid_bn(self.mid(self.body(head))) + head
        out: Tensor = self.tail(self.up(features))
        return out


def dpsrgan_of(tensors: Tensors) -> DPSRGAN | None:
    """Return an untrained network of the shape of these tensors; None if they are of another kind.

    Raises:
        InvalidOption: a block is missing, or another scale.
    """
    if not {"body.0.conv3.weight", "head_act.weight"} <= tensors.keys():
        return None
    dilation = int(tensors["dilation"]) if "dilation" in tensors else DILATION
    return DPSRGAN(*residual_shape(tensors), dilation=dilation)
