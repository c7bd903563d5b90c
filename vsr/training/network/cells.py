"""Train the last doubling of a residual network on cells, before its pixel shuffle.

A 9×9 convolution to three channels at full size is the slowest part of SRGAN, SwiftSRGAN and
DPSRGAN on a CPU: three channels leave most of a vector empty, and the backward pass of a depthwise
9×9 takes longer than all other layers together. On cells of 2×2 pixels it is a dense 5×5 to twelve
channels of a quarter of the picture, with the same parameters (`vsr.models.rewrites.shuffle`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.models import srgan, swift_srgan
from vsr.models.blocks import Generator
from vsr.models.rewrites.shuffle import lifted_kernel
from vsr.models.swift_srgan import SeparableConv
from vsr.training.network.composed import ComposedConv, dense_form

LAST = {
    "srgan": ("up", "tail"),
    "dpsrgan": ("up", "tail"),
    "swift-srgan": ("upsampler", "final_conv"),
}
"""Where each architecture has its upsampling blocks and its last convolution."""

Upsampling = srgan.UpsampleBlock | swift_srgan.SeparableUpsampleBlock

RATIO = 2
"""Pixels along a cell's side: those of the last pixel shuffle."""


def to_cells(net: Generator) -> None:
    """Make a network compute its last doubling on cells, in place; others are left unchanged."""
    if net.architecture in LAST:
        blocks, tail = LAST[net.architecture]
        sequence = getattr(net, blocks)
        sequence[-1] = CellUpsample(sequence[-1])
        setattr(net, tail, CellTail(getattr(net, tail)))


def from_cells(net: Generator) -> None:
    """Give a network its original modules back, in place."""
    if net.architecture in LAST:
        blocks, tail = LAST[net.architecture]
        sequence, last = getattr(net, blocks), getattr(net, tail)
        if isinstance(last, CellTail):
            (sequence[-1],) = sequence[-1].whole
            setattr(net, tail, last.whole[0])


class CellUpsample(nn.Module):
    """An upsampling block without its pixel shuffle: (N, C, H, W) → (N, 4C, H, W).

    It shares its parameters with the block, under the same names.
    """

    def __init__(self, block: Upsampling) -> None:
        super().__init__()
        self.whole = (block,)  # in a tuple, where no module looks for parameters
        self.conv, self.act = block.conv, block.act

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and activate."""
        cells = self.conv(x)
        slopes = self.act.weight.expand(cells.shape[1] // RATIO**2)
        return F.prelu(cells, slopes.repeat_interleave(RATIO**2).to(cells.dtype))


class CellTail(nn.Module):
    """The last convolution, of cells: (N, 4C, H, W) → (N, 3, 2H, 2W).

    It shares its parameters with that convolution, under the same names.
    """

    def __init__(self, tail: nn.Conv2d | SeparableConv | ComposedConv) -> None:
        super().__init__()
        self.whole = (tail,)
        for name, child in tail.named_children():
            setattr(self, name, child)
        for name, parameter in tail.named_parameters(recurse=False):
            setattr(self, name, parameter)

    def forward(self, cells: Tensor) -> Tensor:
        """Convolve with zero padding, then shuffle."""
        (tail,) = self.whole
        with torch.autocast(cells.device.type, enabled=False):
            weight, bias = dense_form(tail)
            lifted = lifted_kernel(weight, RATIO)
            assert bias is not None  # the tails have one
            biases = bias.repeat_interleave(RATIO**2)
        return F.pixel_shuffle(F.conv2d(cells, lifted, biases, padding="same"), RATIO)
