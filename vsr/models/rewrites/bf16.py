"""A chain of layers in bf16 on a CPU that multiplies in it: twice as fast, nearly the same result.

Whatever sees the frame itself stays in float32: the first convolution, so that codes of any depth
keep their last bit, and the base that is added at the end. The features between them, and what the
network adds to the base, are bf16; the CPU sums products in float32.

Measured on real clips in 8 bit: no more than 2 codes apart, one in a hundred thousand samples by
more than 1; Set5 and Set14 lose 0.001 dB. Compact networks, whose features are larger, keep their
last convolution in float32 (`tests.benchmarks.bf16`). SwiftSRGAN, SRGAN and DPSRGAN are left in
float32: they gained nothing, and came out at 47 dB.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from vsr.models.rewrites.onednn import PostOpConv, is_near

TOLERANCE = 2**-5
"""How far the trial may be off, relative to the largest value: bf16 in a dozen layers."""


class RowSlopes(nn.Module):
    """PReLU of features (N, C, H, W) in channels_last, a row of the frame at a time.

    torch's own loop goes pixel by pixel, and is vectorised only for as many channels as fill a
    vector: on 48 channels in bf16 it took 14 ms where this takes 2 (one core of a Zen 4, 480×270).

    Args:
        slopes: (C,).
    """

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        self.slopes = nn.Parameter(slopes, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply what is negative by its channel's slope."""
        count, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(count * height, width * channels)
        sloped = F.prelu(rows, self.slopes.repeat(width))
        return sloped.view(count, height, width, channels).permute(0, 3, 1, 2)


def with_bf16_features(
    net: nn.Module, channels: int, *, keeps_tail: bool = False
) -> nn.Module | None:
    """Return a copy of ``net`` that computes its features in bf16, or None if torch cannot.

    Args:
        net: traced, with ReLU merged into its convolutions
            (`vsr.models.rewrites.onednn.with_post_ops`); float32 goes in and comes out.
        channels: of its input, for the trial that compares both.
        keeps_tail: leave the last convolution of features in float32.
    """
    try:
        graph = copy.deepcopy(net)
        assert isinstance(graph, fx.GraphModule)
        inner = _inner(graph)
        if keeps_tail:
            inner.pop()
        for node in inner:
            name = f"bf16_{node.name}"
            graph.add_module(name, _rounded(graph.get_submodule(str(node.target))))
            node.target = name
        for node in list(graph.graph.nodes):
            _cast_for_readers(graph, node, frozenset(inner))
        graph.delete_all_unused_submodules()
        graph.graph.lint()
        graph.recompile()
        return graph if inner and is_near(graph, net, channels, tolerance=TOLERANCE) else None
    except Exception:  # an internal operator may fail in any way; float32 works too
        return None


def _inner(graph: fx.GraphModule) -> list[fx.Node]:
    """Return the convolutions of features only, and the slopes between them, in order."""
    inner: list[fx.Node] = []
    for node in graph.graph.nodes:
        if node.op != "call_module" or len(node.args) != 1:
            continue
        module = graph.get_submodule(str(node.target))
        if isinstance(module, nn.PReLU) and node.args[0] in inner:
            inner.append(node)
        if isinstance(module, (PostOpConv, nn.Conv2d)) and node.args[0].op != "placeholder":
            inner.append(node)
    return inner


def _rounded(module: nn.Module) -> nn.Module:
    """Return a layer with its weights in bf16; ``module`` keeps its own."""
    if isinstance(module, nn.PReLU):
        return RowSlopes(module.weight.detach().to(torch.bfloat16))
    if isinstance(module, PostOpConv):
        conv, has_relu = module.conv, module.has_relu
    else:
        assert isinstance(module, nn.Conv2d)
        conv, has_relu = module, False
    return PostOpConv(copy.deepcopy(conv).to(torch.bfloat16), has_relu=has_relu)


def _cast_for_readers(graph: fx.GraphModule, node: fx.Node, inner: frozenset[fx.Node]) -> None:
    """Give each reader of a node its own dtype, with one cast per dtype."""
    wants = torch.float32 if node in inner else torch.bfloat16
    readers = [user for user in node.users if (user in inner) != (node in inner)]
    if not readers:
        return
    with graph.graph.inserting_after(node):
        cast = graph.graph.call_method("to", (node, wants))
    for reader in readers:
        reader.replace_input_with(node, cast)
