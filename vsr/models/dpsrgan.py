"""DPSRGAN's generator: SRResNet with a third convolution per block, dilated in every other one.

Source: K. Chordiya et al., DPSRGAN: Dilation Patch Super-Resolution Generative Adversarial
Networks (2021), IEEE 9417903, and its authors' code, which passes ``dilation=2`` for the paper's
"dilation rate 1" (one pixel skipped); a dilation of 1 would be an ordinary convolution.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vsr.errors import InvalidOption
from vsr.models.blocks import Generator, doublings
from vsr.models.checkpoint import Tensors
from vsr.models.srgan import UpsampleBlock, residual_shape

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
