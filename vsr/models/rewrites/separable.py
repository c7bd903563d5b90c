"""Depthwise · pointwise as one dense convolution: more arithmetic, fewer bytes and launches.

A GPU does a dense 3×3 of 64 channels on its matrix units about as fast as it moves the tensor that
the two parts hand over; a CPU does not, and keeps them apart (`vsr.models.rewrites.grouped_tail`).
"""

from __future__ import annotations

import torch
from torch import nn

from vsr.models.rewrites.traced import Traced


def merge_separable(traced: Traced) -> None:
    """Merge each depthwise convolution with the pointwise one that alone reads it.

    With depthwise d and pointwise p: W[o, c] = p[o, c] · d[c], bias = p.bias + p · d.bias. Only the
    input of the depthwise one is padded, so borders are exact.
    """
    for node in traced.nodes:
        pointwise, before = traced.module(node, nn.Conv2d), traced.before(node)
        if pointwise is None or before is None or not _is_pointwise(pointwise):
            continue
        depthwise = traced.module(before, nn.Conv2d)
        if depthwise is None or not _is_depthwise(depthwise):
            continue
        traced.call(before, _merged(depthwise, pointwise))
        traced.drop(node)
    traced.tidy()


def _is_pointwise(conv: nn.Conv2d) -> bool:
    is_plain = conv.stride == (1, 1) and conv.padding == (0, 0) and conv.groups == 1
    return conv.kernel_size == (1, 1) and is_plain


def _is_depthwise(conv: nn.Conv2d) -> bool:
    return conv.groups == conv.in_channels == conv.out_channels


def _merged(depthwise: nn.Conv2d, pointwise: nn.Conv2d) -> nn.Conv2d:
    """Return the dense convolution that does both; computed in float64."""
    mix = pointwise.weight.detach().double()[:, :, 0, 0]
    dense = nn.Conv2d(
        depthwise.in_channels,
        pointwise.out_channels,
        (depthwise.kernel_size[0], depthwise.kernel_size[1]),
        stride=(depthwise.stride[0], depthwise.stride[1]),
        padding=depthwise.padding,  # type: ignore[arg-type] # torch's own value, given back
        dilation=(depthwise.dilation[0], depthwise.dilation[1]),
        padding_mode=depthwise.padding_mode,
    ).to(pointwise.weight)
    bias = mix.new_zeros(len(mix))
    if depthwise.bias is not None:
        bias = mix @ depthwise.bias.detach().double()
    if pointwise.bias is not None:
        bias = bias + pointwise.bias.detach().double()
    with torch.no_grad():
        dense.weight.copy_(mix[:, :, None, None] * depthwise.weight.detach().double()[:, 0])
        assert dense.bias is not None
        dense.bias.copy_(bias)
    return dense.eval().requires_grad_(False)
