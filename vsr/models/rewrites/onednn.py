"""Convolutions of oneDNN on the CPU: with what follows them in one pass, and in bf16.

torch's own operator for oneDNN post-ops (the one its compiler emits) is called directly: ReLU and
added tensors are applied before anything is written, in one pass over memory instead of two or
three. Where this torch does not have it, or it does not compute the same, the network is left as it
is. `is_near` is the trial of every rewrite of this kind: one image of noise through both networks.

A chain of layers in bf16, on a CPU that multiplies in it, is twice as fast. Whatever sees the frame
itself stays in float32: the first convolution, so that codes of any depth keep their last bit, and
the base that is added at the end. The features between them, and what the network adds to the base,
are bf16; the CPU sums products in float32. Measured on real clips in 8 bit: no more than 2 codes
apart, one in a hundred thousand samples by more than 1; Set5 and Set14 lose 0.001 dB. Compact
networks, whose features are larger, keep their last convolution in float32
(`tests.benchmarks.bf16`). SwiftSRGAN, SRGAN and DPSRGAN are left in float32: they gained nothing,
and came out at 47 dB.
"""

from __future__ import annotations

import copy
import operator

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from vsr.models.rewrites.tracing import traced_graph

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
        graph = traced_graph(net)
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


BF16_TOLERANCE = 2**-5
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
        return graph if inner and is_near(graph, net, channels, tolerance=BF16_TOLERANCE) else None
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
