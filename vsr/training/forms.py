"""The form in which a network is trained, and the way back to the form that is exported."""

from __future__ import annotations

import torch
from torch import nn

from vsr.models.blocks import Generator
from vsr.models.plain import Plain, ReparameterisedPlain


def training_form(net: Generator, seed: int, *, is_reparameterised: bool) -> Generator:
    """Return a network that computes what ``net`` does and learns better or faster.

    Args:
        seed: fixes the random weights of what is added.
    """
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
    return net
