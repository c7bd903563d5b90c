"""The form in which a network is trained, and the way back to the form that is exported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from vsr.models.blocks import Generator
from vsr.models.plain import Plain, ReparameterisedPlain
from vsr.models.swift_srgan import SeparableConv
from vsr.training.network.cells import from_cells, to_cells
from vsr.training.network.composed import ComposedConv


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
    to_cells(net)
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
    assert isinstance(net, Generator)
    from_cells(net)
    _exchange(net, ComposedConv, ComposedConv.separable)
    return net


def _exchange(net: nn.Module, kind: type[nn.Module], make: Callable[[Any], nn.Module]) -> None:
    """Replace every module of a kind, wherever it is held."""
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is kind:
                setattr(parent, name, make(child))
