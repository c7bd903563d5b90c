"""The form in which a network is trained, and the way back to the form that is exported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.models.blocks import Generator
from vsr.models.plain import Plain, ReparameterisedPlain
from vsr.models.swift_srgan import SeparableConv


class ComposedConv(nn.Module):
    """A separable convolution computed as the one dense convolution that it is.

    It shares its parameters with the separable one, under the same names. On a GPU the backward
    pass of a depthwise convolution is so slow that eight times the arithmetic is faster; on a CPU
    it is not.
    """

    def __init__(self, separable: SeparableConv) -> None:
        super().__init__()
        self.depthwise, self.pointwise = separable.depthwise, separable.pointwise

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with zero padding, as the separable one: (N, C, H, W) → (N, C', H, W)."""
        deep, mix = self.depthwise, self.pointwise
        with torch.autocast(x.device.type, enabled=False):
            weight = mix.weight * deep.weight.transpose(0, 1)  # (o, c, 1, 1) · (1, c, k, k)
            bias = mix.bias
            if deep.bias is not None and bias is not None:
                bias = bias + mix.weight[:, :, 0, 0] @ deep.bias
        return F.conv2d(x, weight, bias, deep.stride, deep.padding)


def training_form(
    net: Generator, seed: int, *, is_reparameterised: bool, is_composed: bool = False
) -> Generator:
    """Return a network that computes what ``net`` does and learns better or faster.

    Args:
        net: may be changed in place.
        seed: fixes the random weights of what is added.
        is_reparameterised: train plain convolutions as sums of branches.
        is_composed: compute separable convolutions as dense ones.
    """
    if is_composed:
        _exchange(net, SeparableConv, ComposedConv)
    if not is_reparameterised or not isinstance(net, Plain):
        return net
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        return ReparameterisedPlain.of(net)


def set_learning(net: nn.Module, *, is_norm_frozen: bool) -> None:
    """Put a network in training mode, its batch norm in evaluation mode where that is wanted."""
    net.train()
    if is_norm_frozen:
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


def plain_form(net: nn.Module) -> Generator:
    """Return the network to export: one that computes what the trained form does."""
    if isinstance(net, ReparameterisedPlain):
        return net.plain()
    _exchange(net, ComposedConv, _separable)
    assert isinstance(net, Generator)
    return net


def _separable(composed: nn.Module) -> SeparableConv:
    assert isinstance(composed, ComposedConv)
    deep, mix = composed.depthwise, composed.pointwise
    separable = SeparableConv(
        mix.in_channels,
        mix.out_channels,
        deep.kernel_size[0],
        stride=deep.stride[0],
        has_bias=mix.bias is not None,
    )
    separable.depthwise, separable.pointwise = deep, mix
    return separable


def _exchange(net: nn.Module, kind: type[nn.Module], make: Callable[[Any], nn.Module]) -> None:
    """Replace every module of a kind, wherever it is held."""
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is kind:
                setattr(parent, name, make(child))
