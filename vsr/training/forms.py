"""The form in which a network is trained, and the way back to the form that is exported."""

from __future__ import annotations

from torch import nn

from vsr.models.blocks import Generator
from vsr.models.plain import Plain, ReparameterisedPlain


def training_form(net: Generator, *, is_reparameterised: bool) -> Generator:
    """Return a network that computes what ``net`` does and learns better or faster."""
    if is_reparameterised and isinstance(net, Plain):
        return ReparameterisedPlain.of(net)
    return net


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
