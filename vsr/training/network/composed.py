"""Train a separable convolution as the one dense convolution that it is."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.models.swift_srgan import SeparableConv


class ComposedConv(nn.Module):
    """A separable convolution computed as a dense one.

    It shares its parameters with the separable one, under the same names. On a GPU the backward
    pass of a depthwise convolution is so slow that eight times the arithmetic is faster; on a CPU
    it is not for 3×3.
    """

    def __init__(self, separable: SeparableConv) -> None:
        super().__init__()
        self.depthwise, self.pointwise = separable.depthwise, separable.pointwise

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with zero padding, as the separable one: (N, C, H, W) → (N, C', H, W)."""
        deep = self.depthwise
        with torch.autocast(x.device.type, enabled=False):
            weight, bias = dense_form(self)
        return F.conv2d(x, weight, bias, deep.stride, deep.padding)

    def separable(self) -> SeparableConv:
        """Return the separable convolution with these parameters."""
        deep, mix = self.depthwise, self.pointwise
        separable = SeparableConv(
            mix.in_channels,
            mix.out_channels,
            deep.kernel_size[0],
            stride=deep.stride[0],
            has_bias=mix.bias is not None,
        )
        separable.depthwise, separable.pointwise = deep, mix
        return separable


def dense_form(conv: nn.Conv2d | SeparableConv | ComposedConv) -> tuple[Tensor, Tensor | None]:
    """Return the weight (O, C, k, k) and the bias (O) of a convolution as a dense one."""
    if isinstance(conv, nn.Conv2d):
        return conv.weight, conv.bias
    deep, mix = conv.depthwise, conv.pointwise
    return composed(deep.weight, deep.bias, mix.weight, mix.bias)


def composed(
    deep: Tensor, deep_bias: Tensor | None, mix: Tensor, mix_bias: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Return weight and bias of a depthwise (C, 1, k, k) and a pointwise (O, C, 1, 1), dense."""
    weight = mix * deep.transpose(0, 1)
    if deep_bias is None or mix_bias is None:
        return weight, mix_bias
    return weight, mix_bias + mix[:, :, 0, 0] @ deep_bias
