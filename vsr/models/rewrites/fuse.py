"""Rewrite a network into a faster one that computes the same. Exact, not approximate.

The network is traced into a graph; each rewrite looks for one pattern of modules:

* `fold_batch_norm`: convolution → batch norm becomes one convolution.
* `merge_separable`: depthwise → pointwise becomes one dense convolution.
* `move_slopes`: pixel shuffle → PReLU becomes PReLU → pixel shuffle.
* `lift_convolutions`: so does a convolution, on cells.

The last three pay off on a GPU only, which does a dense 3×3 of 64 channels on its matrix units
about as fast as it moves the tensor that the two parts of a separable one hand over (a CPU keeps
them apart: `vsr.models.rewrites.grouped_tail`). A pixel shuffle only reorders numbers: whatever
acts on each alone (PReLU) commutes with it, and a convolution after it is a convolution of cells
before it, where the frame is r² times smaller. Zero padding stays zero padding: the frame ends
where a cell ends, and a cell outside of it is r² zeros. Together they turn SwiftSRGAN's separable
9×9 tail on 64 channels at full size into a dense 5×5 on 256 channels at half the size.

Sources: the algebra of convolutions; ``fused = unfused`` is tested in float64 for each rewrite.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, fx, nn

from vsr.models.rewrites.tracing import traced_graph

Kind = TypeVar("Kind", bound=nn.Module)


class Traced:
    """A graph of calls of modules, rewritten in place. Call `tidy` after a rewrite."""

    def __init__(self, graph: fx.GraphModule) -> None:
        self._graph = graph

    @property
    def nodes(self) -> list[fx.Node]:
        """The nodes in the order in which they run, as they are now."""
        return list(self._graph.graph.nodes)

    def module(self, node: fx.Node, kind: type[Kind]) -> Kind | None:
        """Return the module of this kind that a node calls, or None."""
        if node.op != "call_module":
            return None
        module = self._graph.get_submodule(str(node.target))
        return module if isinstance(module, kind) else None

    def before(self, node: fx.Node) -> fx.Node | None:
        """Return the only input of a node, if nothing else reads it."""
        first = node.args[0] if len(node.args) == 1 and not node.kwargs else None
        return first if isinstance(first, fx.Node) and len(first.users) == 1 else None

    def call(self, node: fx.Node, module: nn.Module) -> None:
        """Make a node call ``module`` under a new name; the old may be called elsewhere too."""
        name = f"fused_{node.name}"
        self._graph.add_module(name, module)
        node.target = name

    def drop(self, node: fx.Node) -> None:
        """Remove a node from the graph; its readers then read its input."""
        node.replace_all_uses_with(node.all_input_nodes[0])
        self._graph.graph.erase_node(node)

    def tidy(self) -> None:
        """Drop modules that are no longer called, check the graph, compile it."""
        self._graph.delete_all_unused_submodules()
        self._graph.graph.lint()
        self._graph.recompile()


WORTH = 0.5
"""Least share of weights in a lifted kernel that are not zero by construction: 81 % where a 9×9
goes through a shuffle by 2, 25 % where a 3×3 does."""


def move_slopes(traced: Traced) -> None:
    """Move each PReLU that reads a pixel shuffle to before it: one slope for each channel there."""
    for node in traced.nodes:
        act, before = traced.module(node, nn.PReLU), traced.before(node)
        shuffle = traced.module(before, nn.PixelShuffle) if before is not None else None
        if act is None or before is None or shuffle is None:
            continue
        traced.call(before, _before_shuffle(act, shuffle.upscale_factor))
        traced.call(node, nn.PixelShuffle(shuffle.upscale_factor))
    traced.tidy()


def lift_convolutions(traced: Traced) -> None:
    """Move each convolution that reads a pixel shuffle to before it, if that pays (`WORTH`)."""
    for node in traced.nodes:
        conv, before = traced.module(node, nn.Conv2d), traced.before(node)
        shuffle = traced.module(before, nn.PixelShuffle) if before is not None else None
        if conv is None or before is None or shuffle is None:
            continue
        if _is_liftable(conv) and _density(conv, shuffle.upscale_factor) >= WORTH:
            traced.call(before, _lifted(conv, shuffle.upscale_factor))
            traced.call(node, nn.PixelShuffle(shuffle.upscale_factor))
    traced.tidy()


def _before_shuffle(act: nn.PReLU, ratio: int) -> nn.PReLU:
    slopes = act.weight.detach()
    if act.num_parameters > 1:
        slopes = slopes.repeat_interleave(ratio * ratio)
    moved = nn.PReLU(len(slopes)).to(slopes).requires_grad_(False)
    moved.weight.copy_(slopes)
    return moved


def _is_liftable(conv: nn.Conv2d) -> bool:
    """Return whether a convolution keeps the size, pads with zeros, and sees all channels."""
    side = conv.kernel_size[0]
    is_square = conv.kernel_size == (side, side) and side % 2 == 1
    is_plain = conv.stride == conv.dilation == (1, 1) and conv.groups == 1
    keeps_size = conv.padding == (side // 2, side // 2) and conv.padding_mode == "zeros"
    return is_square and is_plain and keeps_size


def _density(conv: nn.Conv2d, ratio: int) -> float:
    side = (2 * _reach(conv.kernel_size[0], ratio) + 1) * ratio
    return (conv.kernel_size[0] / side) ** 2


def _reach(side: int, ratio: int) -> int:
    """Return how many cells to each side a kernel sees."""
    return -(-(side // 2) // ratio)


def _lifted(conv: nn.Conv2d, ratio: int) -> nn.Conv2d:
    """Return the convolution of cells: (N, C·r², h, w) → (N, O·r², h, w)."""
    weight = lifted_kernel(conv.weight.detach(), ratio)
    lifted = nn.Conv2d(
        weight.shape[1],
        weight.shape[0],
        weight.shape[2],
        padding=weight.shape[2] // 2,
        bias=conv.bias is not None,
    ).to(conv.weight)
    lifted.requires_grad_(False)
    lifted.weight.copy_(weight)
    if conv.bias is not None and lifted.bias is not None:
        lifted.bias.copy_(conv.bias.detach().repeat_interleave(ratio**2))
    return lifted.eval()


def lifted_kernel(kernel: Tensor, ratio: int) -> Tensor:
    """Return what a kernel (O, C, k, k), k odd, is on cells: (O·r², C·r², s, s); differentiable.

    The output's subpixel (y, x) of a cell sees, at the offset (dy, dx), the subpixel
    ((y + dy) mod r, (x + dx) mod r) of the cell ((y + dy) div r, (x + dx) div r) further on.
    """
    reach = _reach(kernel.shape[-1], ratio)
    rows = [
        torch.stack([_seen_from(kernel, y, x, ratio, reach) for x in range(ratio)], dim=1)
        for y in range(ratio)
    ]
    weight = torch.stack(rows, dim=1)  # (O, y, x, C, r, r, s, s)
    return weight.flatten(3, 5).flatten(0, 2)


def _seen_from(kernel: Tensor, y: int, x: int, ratio: int, reach: int) -> Tensor:
    """Return a kernel as subpixel (y, x) of a cell applies it: (O, C, r, r, side, side)."""
    side, half = 2 * reach + 1, kernel.shape[-1] // 2
    whole = kernel.new_zeros(*kernel.shape[:2], side * ratio, side * ratio)
    top, left = reach * ratio + y - half, reach * ratio + x - half
    whole[:, :, top : top + 2 * half + 1, left : left + 2 * half + 1] = kernel
    cells = whole.view(*kernel.shape[:2], side, ratio, side, ratio)
    return torch.permute(cells, (0, 1, 3, 5, 2, 4))


def fuse(net: nn.Module, *, is_dense: bool = False) -> nn.Module:
    """Return a copy of ``net``, in eval mode, with every rewrite that pays applied.

    A network that cannot be traced is returned unchanged: slower, but equal.

    Args:
        is_dense: for a device with matrix units, on which dense convolutions are cheap.
    """
    try:
        graph = traced_graph(copy.deepcopy(net).eval())
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
