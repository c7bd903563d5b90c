"""Rewrite a network into a faster one that computes the same. Exact, not approximate.

The network is traced into a graph; each rewrite looks for one pattern of modules:

* `fold_batch_norm`: convolution → batch norm becomes one convolution.
* `vsr.models.rewrites.fuse.merge_separable`: depthwise → pointwise becomes one dense
  convolution.
* `vsr.models.rewrites.shuffle.move_slopes`: pixel shuffle → PReLU becomes PReLU → pixel shuffle.
* `vsr.models.rewrites.shuffle.lift_convolutions`: so does a convolution, on cells.

The last three pay off on a GPU only. Together they turn SwiftSRGAN's separable 9×9 tail on 64
channels at full size into a dense 5×5 on 256 channels at half the size.

Sources: the algebra of convolutions; ``fused = unfused`` is tested in float64 for each rewrite.

Depthwise · pointwise as one dense convolution: more arithmetic, fewer bytes and launches.

A GPU does a dense 3×3 of 64 channels on its matrix units about as fast as it moves the tensor that
the two parts hand over; a CPU does not, and keeps them apart (`vsr.models.rewrites.grouped_tail`).
"""

from __future__ import annotations

import copy

import torch
from torch import fx, nn

from vsr.models.rewrites.shuffle import Traced, lift_convolutions, move_slopes


def fuse(net: nn.Module, *, is_dense: bool = False) -> nn.Module:
    """Return a copy of ``net``, in eval mode, with every rewrite that pays applied.

    A network that cannot be traced is returned unchanged: slower, but equal.

    Args:
        is_dense: for a device with matrix units, on which dense convolutions are cheap.
    """
    try:
        graph = fx.symbolic_trace(copy.deepcopy(net).eval())
    except Exception:  # tracing runs foreign code, which may raise anything
        return net
    traced = Traced(graph)
    fold_batch_norm(traced)
    if is_dense:
        merge_separable(traced)
        move_slopes(traced)
        lift_convolutions(traced)
    return graph


def fold_batch_norm(traced: Traced) -> None:
    """Fold each batch norm into the convolution before it.

    With s = γ / √(σ² + ε): weight · s, and bias (b - μ) · s + β.
    """
    for node in traced.nodes:
        norm, before = traced.module(node, nn.BatchNorm2d), traced.before(node)
        conv = traced.module(before, nn.Conv2d) if before is not None else None
        if norm is None or before is None or conv is None:
            continue
        traced.call(before, _normed(conv, norm))
        traced.drop(node)
    traced.tidy()


def _normed(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """Return the convolution that does ``conv`` and ``norm`` in one."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ValueError("batch norm without running statistics cannot be folded")
    scale = torch.rsqrt(variance + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight
    bias = -mean if conv.bias is None else conv.bias - mean
    shift = torch.zeros_like(mean) if norm.bias is None else norm.bias
    folded = copy.deepcopy(conv)
    folded.weight = nn.Parameter((conv.weight * scale[:, None, None, None]).detach())
    folded.bias = nn.Parameter((bias * scale + shift).detach())
    return folded


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
