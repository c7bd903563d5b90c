"""Run a separable tail in groups of channels: for the CPU, where 64 of them are too wide.

oneDNN's depthwise kernel in channels_last reaches the processor's peak with 16 channels and less
than half of it with 64 (a 9×9 at 1920×1080, one thread of a Zen 4: 214 against 462 ms). The chain
pointwise → pixel shuffle → PReLU → depthwise → pointwise keeps its channels apart until the last
sum, so each group runs from end to end and only a quarter of the widest tensor ever exists.
"""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, fx, nn

from vsr.models.rewrites.tracing import traced_graph

GROUP = 16
"""Channels in a group: one AVX-512 register of float32, two of AVX2."""

CHAIN = (nn.Conv2d, nn.PixelShuffle, nn.PReLU, nn.Conv2d, nn.Conv2d)
"""The modules of a tail, in order."""


class GroupedTail(nn.Module):
    """The sum of the tails of all channel groups: (N, C, H, W) → (N, c_out, r·H, r·W)."""

    def __init__(self, branches: list[nn.Sequential]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """Add up what the groups give."""
        total: Tensor = self.branches[0](x)
        for branch in self.branches[1:]:
            total = branch(x) + total
        return total


def group_tail(graph: fx.GraphModule) -> None:
    """Replace the last separable tail of a traced network, if that pays."""
    for node in reversed(list(graph.graph.nodes)):
        chain = _chain(graph, node)
        if chain is None:
            continue
        modules = [graph.get_submodule(str(link.target)) for link in chain]
        if not _is_separable_tail(modules):
            continue
        graph.add_module("grouped_tail", GroupedTail(_branches(modules)))
        node.target = "grouped_tail"
        node.args = chain[0].args
        graph.graph.eliminate_dead_code()
        graph.delete_all_unused_submodules()
        graph.recompile()
        return


def _chain(graph: fx.GraphModule, last: fx.Node) -> list[fx.Node] | None:
    """Return the nodes that call a chain of these modules and end with ``last``."""
    chain: list[fx.Node] = []
    node: object = last
    for kind in reversed(CHAIN):
        if not isinstance(node, fx.Node) or node.op != "call_module":
            return None
        if not isinstance(graph.get_submodule(str(node.target)), kind):
            return None
        if chain and len(node.users) != 1:
            return None
        chain.insert(0, node)
        node = node.args[0]
    return chain


def _is_separable_tail(modules: list[nn.Module]) -> bool:
    widen, _, act, depthwise, narrow = modules
    assert isinstance(widen, nn.Conv2d)
    assert isinstance(depthwise, nn.Conv2d)
    assert isinstance(narrow, nn.Conv2d)
    assert isinstance(act, nn.PReLU)
    channels = depthwise.in_channels
    is_depthwise = depthwise.groups == channels == depthwise.out_channels
    is_pointwise = all(c.kernel_size == (1, 1) and c.groups == 1 for c in (widen, narrow))
    is_wide = channels > GROUP and channels % GROUP == 0
    return is_depthwise and is_pointwise and is_wide and act.num_parameters == channels


def _branches(modules: list[nn.Module]) -> list[nn.Sequential]:
    widen, shuffle, act, depthwise, narrow = modules
    factor = cast(nn.PixelShuffle, shuffle).upscale_factor ** 2
    slopes = cast(nn.PReLU, act).weight
    branches = []
    for start in range(0, len(slopes), GROUP):
        group = slice(start, start + GROUP)
        own_slopes = nn.PReLU(GROUP)
        own_slopes.weight = nn.Parameter(slopes[group].detach().clone(), requires_grad=False)
        last = _kept(cast(nn.Conv2d, narrow), slice(None), group)
        if start:
            last.bias = None  # once is enough for the sum
        branches.append(
            nn.Sequential(
                _kept(cast(nn.Conv2d, widen), slice(start * factor, (start + GROUP) * factor)),
                nn.PixelShuffle(cast(nn.PixelShuffle, shuffle).upscale_factor),
                own_slopes,
                _kept(cast(nn.Conv2d, depthwise), group),
                last,
            )
        )
    return branches


def _kept(conv: nn.Conv2d, outputs: slice, inputs: slice = slice(None)) -> nn.Conv2d:
    """Return a convolution with some of the channels of another."""
    part = copy.copy(conv)
    part._parameters = {
        "weight": nn.Parameter(conv.weight[outputs, inputs].detach().clone(), requires_grad=False),
        "bias": None,
    }
    if conv.bias is not None:
        part.bias = nn.Parameter(conv.bias[outputs].detach().clone(), requires_grad=False)
    part.out_channels = len(part.weight)
    if conv.groups > 1:
        part.groups = part.in_channels = part.out_channels
    else:
        part.in_channels = part.weight.shape[1]
    return part


def with_grouped_tail(net: nn.Module) -> nn.Module:
    """Return ``net`` with its separable tail in groups; unchanged if it cannot be traced."""
    try:
        graph = traced_graph(net)
    except Exception:  # tracing runs foreign code, which may raise anything
        return net
    with torch.no_grad():
        group_tail(graph)
    return graph
