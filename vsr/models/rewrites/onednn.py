"""Convolutions on the CPU that apply ReLU, or add a tensor, before they write.

torch's own operator for oneDNN post-ops (the one its compiler emits) is called directly: one pass
over memory instead of two or three. Where this torch does not have it, or it does not compute the
same, the network is left as it is.

`is_near` is the trial of every rewrite of this kind: one image of noise through both networks.
"""

from __future__ import annotations

import operator

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

SIDE = 16
"""Pixels: enough for every tap of the convolutions to be read."""


def is_near(rewritten: nn.Module, net: nn.Module, channels: int, *, tolerance: float) -> bool:
    """Return whether both networks make nearly the same of one image of noise.

    Args:
        rewritten: float32 goes in and comes out, as with ``net``.
        net: the reference.
        channels: of both inputs.
        tolerance: how far any sample may be off, relative to the largest value of ``net``.
    """
    always = torch.Generator().manual_seed(1)  # a resumed run has to reach the same verdict
    picture = torch.rand(1, channels, SIDE, SIDE, generator=always)
    picture = picture.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        expected = net(picture)
        apart = (rewritten(picture) - expected).abs().max()
        return bool(apart <= tolerance * expected.abs().max())


RELU = (F.relu, torch.relu)
ADD = (operator.add, torch.add)

TOLERANCE = 1e-4
"""How far, of the largest value, the trial may be off: sums in another order, in float32."""


class PostOpConv(nn.Module):
    """A convolution, then ReLU, or a tensor added, in one call of oneDNN.

    Shape: (N, C, H, W) float32, and the addend of the output's shape.
    """

    def __init__(self, conv: nn.Conv2d, *, has_relu: bool) -> None:
        super().__init__()
        self.conv = conv
        self.has_relu = has_relu

    def forward(self, x: Tensor, addend: Tensor | None = None) -> Tensor:
        """Convolve ``x``, add, ReLU."""
        conv = self.conv
        shape = (conv.padding, conv.stride, conv.dilation, conv.groups)
        if addend is None:
            after = "relu" if self.has_relu else "none"
            out: Tensor = torch.ops.mkldnn._convolution_pointwise(
                x, conv.weight, conv.bias, *shape, after, [], ""
            )
            return out
        total: Tensor = torch.ops.mkldnn._convolution_pointwise.binary(
            x, addend, conv.weight, conv.bias, *shape, "add", 1.0, None, [], None
        )
        return total


def with_post_ops(net: nn.Module, channels: int) -> nn.Module:
    """Return ``net`` with ReLU and additions merged into the convolutions before them.

    Args:
        net: in eval mode, on the CPU, float32.
        channels: what it takes, for the trial that compares both.
    """
    try:
        graph = fx.symbolic_trace(net)
        _merge_relu(graph)
        _merge_add(graph)
        _take_pointwise(graph)
        graph.delete_all_unused_submodules()
        graph.graph.lint()
        graph.recompile()
        return graph if is_near(graph, net, channels, tolerance=TOLERANCE) else net
    except Exception:  # an internal operator may fail in any way; both ways are right
        return net


def _merge_relu(graph: fx.GraphModule) -> None:
    for node in list(graph.graph.nodes):
        if not _is_relu(graph, node) or not isinstance(node.args[0], fx.Node):
            continue
        before = node.args[0]
        conv = _plain_conv(graph, before)
        if conv is None:
            continue
        _call(graph, before, PostOpConv(conv, has_relu=True))
        node.replace_all_uses_with(before)
        graph.graph.erase_node(node)


def _merge_add(graph: fx.GraphModule) -> None:
    """Merge ``conv(x) + y``: the later operand's convolution adds the earlier operand."""
    order = {node: number for number, node in enumerate(graph.graph.nodes)}
    for node in list(graph.graph.nodes):
        if node.target not in ADD or len(node.args) != 2 or node.kwargs:
            continue
        if not all(isinstance(arg, fx.Node) for arg in node.args):
            continue
        addend, before = sorted(node.args, key=order.__getitem__)
        conv = _plain_conv(graph, before)
        if conv is None:
            continue
        _call(graph, before, PostOpConv(conv, has_relu=False))
        before.args = (before.args[0], addend)
        node.replace_all_uses_with(before)
        graph.graph.erase_node(node)


def _take_pointwise(graph: fx.GraphModule) -> None:
    """Call oneDNN for lone 1×1 convolutions too; torch would send them to a slower GEMM."""
    for node in graph.graph.nodes:
        if node.op != "call_module":
            continue
        module = graph.get_submodule(str(node.target))
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
            _call(graph, node, PostOpConv(module, has_relu=False))


def _is_relu(graph: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return isinstance(graph.get_submodule(str(node.target)), nn.ReLU)
    return node.op == "call_function" and node.target in RELU


def _plain_conv(graph: fx.GraphModule, node: fx.Node) -> nn.Conv2d | None:
    """Return the convolution that a node calls, if the next node is its only reader."""
    if node.op != "call_module" or len(node.users) != 1:
        return None
    module = graph.get_submodule(str(node.target))
    if not isinstance(module, nn.Conv2d) or isinstance(module.padding, str):
        return None
    return module if module.padding_mode == "zeros" else None


def _call(graph: fx.GraphModule, node: fx.Node, module: nn.Module) -> None:
    name = f"merged_{node.name}"
    graph.add_module(name, module)
    node.target = name
