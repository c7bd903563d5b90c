"""The layers of a network that stays at low resolution, whatever its file calls them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from torch import nn

from vsr.models.blocks import Generator
from vsr.models.compact import Compact
from vsr.models.plain import Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """A chain: head, activation, then each of the body with its activation, then the tail.

    The tail's output plus the nearest base of the input, shuffled, is what the network makes.

    Attributes:
        activations: one more than there are layers in the body; each acts on every number alone.
    """

    head: nn.Conv2d
    body: tuple[nn.Conv2d, ...]
    tail: nn.Conv2d
    activations: tuple[nn.Module, ...]


def layers_of(net: Generator) -> Layers | None:
    """Return the layers of a network that is such a chain; None for any other."""
    if isinstance(net, Plain):
        body = tuple(cast(nn.Conv2d, conv) for conv in net.body)
        relus = tuple(nn.ReLU() for _ in range(len(body) + 1))
        return Layers(head=net.head, body=body, tail=net.tail, activations=relus)
    if isinstance(net, Compact):
        head, *inner, tail = net.convolutions
        return Layers(head=head, body=tuple(inner), tail=tail, activations=net.activations)
    return None
