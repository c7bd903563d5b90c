"""How a network runs on a CUDA device: under autocast, its weights cast once, or fused by cuDNN.

Autocast is the reference: the other two are tried against it. In each the image base of a folded
network stays in float32, as the frame itself must not be rounded.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vsr.upscaling.passes.folding import FoldedPlain

Forward = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Form:
    """A way to run a network: (1, channels, H, W) → the same, enlarged.

    Attributes:
        name: ``exact``, ``autocast``, ``cast`` or ``fused``.
        run: None without a network.
    """

    name: str
    run: Forward | None


class OwnConv(nn.Conv2d):
    """A convolution in the dtype of its own weights; autocast leaves it alone."""

    def forward(self, x: Tensor) -> Tensor:
        """Cast the input, and convolve."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


class ReluConv(nn.Conv2d):
    """A convolution, its bias and a ReLU as one operation of cuDNN, in the dtype of its weights."""

    def forward(self, x: Tensor) -> Tensor:
        """Cast the input, convolve, and cut off what is below zero."""
        assert not isinstance(self.padding, str)
        own, steps = x.to(self.weight.dtype), (self.stride, self.padding, self.dilation)
        return torch.cudnn_convolution_relu(own, self.weight, self.bias, *steps, self.groups)


def with_exact_base(net: nn.Module) -> nn.Module:
    """Keep the image base of a folded network in float32, in place; return the network."""
    if isinstance(net, FoldedPlain):
        net.base.__class__ = OwnConv
    return net


def autocast(net: nn.Module | None, dtype: torch.dtype) -> Form:
    """Return a network under torch's autocast; in float32 as it is, and none as it is."""
    if net is None or dtype == torch.float32:
        return Form("exact", net)
    own = net

    def run(picture: Tensor) -> Tensor:
        # weights are cast each time: a cache would keep a copy of each alive
        with torch.autocast(picture.device.type, dtype, cache_enabled=False):
            output: Tensor = own(picture)
            return output

    return Form("autocast", run)


def forms(net: nn.Module, dtype: torch.dtype) -> Iterator[Form]:
    """Yield what may be faster than autocast, the fastest first. Try before use.

    In a plain network whose colour is folded in, cuDNN can add bias and ReLU itself, where ATen
    launches three kernels: in all layers, or in all but the head, whose few channels it may refuse.
    """
    own = copy.deepcopy(net).to(dtype)
    if isinstance(own, FoldedPlain) and isinstance(net, FoldedPlain):
        own.base = net.base
    for layer in own.modules():
        if type(layer) is nn.Conv2d:
            layer.__class__ = OwnConv
    if isinstance(own, FoldedPlain) and all(type(act) is nn.ReLU for act in own.activations):
        yield from (Form("fused", _fused(own, first)) for first in (0, 1))
    yield Form("cast", own)


def _fused(net: FoldedPlain, first: int) -> FoldedPlain:
    own = copy.deepcopy(net)
    for index, layer in enumerate((own.head, *own.body)):
        if index >= first:
            layer.__class__ = ReluConv
            own.activations[index] = nn.Identity()
    return own
