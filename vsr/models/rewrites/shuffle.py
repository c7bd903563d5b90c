"""Work moved from after a pixel shuffle to before it, where the frame is r² times smaller.

A pixel shuffle only reorders numbers: whatever acts on each alone (PReLU) commutes with it, and a
convolution after it is a convolution of cells before it. Zero padding stays zero padding: the
frame ends where a cell ends, and a cell outside of it is r² zeros.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, fx, nn

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
