"""Rewrite a network into a faster one that computes the same. Exact, not approximate.

The network is traced into a graph; each rewrite looks for one pattern of modules:

* `fold_batch_norm`: convolution → batch norm becomes one convolution.

Sources: the algebra of convolutions; ``fused = unfused`` is tested in float64 for each rewrite.
"""

from __future__ import annotations

import copy

import torch
from torch import fx, nn


def fuse(net: nn.Module) -> nn.Module:
    """Return a copy of ``net``, in eval mode, with every rewrite that pays everywhere applied.

    A network that cannot be traced is returned as it is: slower, equal.
    """
    try:
        graph = fx.symbolic_trace(copy.deepcopy(net).eval())
    except Exception:  # tracing runs foreign forward code; it may raise anything
        return net
    fold_batch_norm(graph)
    return graph


def fold_batch_norm(graph: fx.GraphModule) -> None:
    """Fold each batch norm into the convolution before it.

    With s = γ / √(σ² + ε): weight · s, and bias (b - μ) · s + β.
    """
    for node in list(graph.graph.nodes):
        norm, before = _module(graph, node), _only_input(node)
        if not isinstance(norm, nn.BatchNorm2d) or before is None:
            continue
        conv = _module(graph, before)
        if not isinstance(conv, nn.Conv2d) or len(before.users) != 1:
            continue
        _replace_module(graph, before, _normed(conv, norm))
        node.replace_all_uses_with(before)
        graph.graph.erase_node(node)
    _tidy(graph)


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


def _module(graph: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """Return the module that a node calls, or None."""
    return graph.get_submodule(str(node.target)) if node.op == "call_module" else None


def _only_input(node: fx.Node) -> fx.Node | None:
    first = node.args[0] if len(node.args) == 1 else None
    return first if isinstance(first, fx.Node) else None


def _replace_module(graph: fx.GraphModule, node: fx.Node, module: nn.Module) -> None:
    """Let ``node`` call ``module``, under a new name: the old one may be called elsewhere too."""
    name = f"fused_{node.name}"
    graph.add_module(name, module)
    node.target = name


def _tidy(graph: fx.GraphModule) -> None:
    graph.delete_all_unused_submodules()
    graph.graph.lint()
    graph.recompile()
