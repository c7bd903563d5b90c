"""Rewrite a network into a faster one that computes the same. Exact, not approximate.

The network is traced into a graph; each rewrite looks for one pattern of modules:

* `fold_batch_norm`: convolution → batch norm becomes one convolution.
* `vsr.models.rewrites.separable.merge_separable`: depthwise → pointwise becomes one dense
  convolution.
* `vsr.models.rewrites.shuffle.move_slopes`: pixel shuffle → PReLU becomes PReLU → pixel shuffle.
* `vsr.models.rewrites.shuffle.lift_convolutions`: so does a convolution, on cells.

The last three pay off on a GPU only. Together they turn SwiftSRGAN's separable 9×9 tail on 64
channels at full size into a dense 5×5 on 256 channels at half the size.

Sources: the algebra of convolutions; ``fused = unfused`` is tested in float64 for each rewrite.
"""

from __future__ import annotations

import copy

import torch
from torch import fx, nn

from vsr.models.rewrites.separable import merge_separable
from vsr.models.rewrites.shuffle import lift_convolutions, move_slopes
from vsr.models.rewrites.traced import Traced


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
