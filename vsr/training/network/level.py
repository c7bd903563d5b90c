"""Level a network: a flat colour comes out flat, without the grid that a GAN leaves.

A sub-pixel convolution has biases of its own for each place in a cell of s × s pixels. Nothing in
an adversarial stage holds them together, and where they drift apart, a grid of period s covers
everything smooth.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from vsr.models.blocks import Generator
from vsr.models.plain import Plain

TONES = tuple(step / 4 for step in range(5))
"""Amplitudes of a channel; the flat colours are all their combinations."""


@torch.no_grad()
def level(net: Generator) -> Generator:
    """Take from each bias of the tail its mean deviation on flat colours, in place; return ``net``.

    A network whose tail is not linear, and is computed on the enlarged picture, is left as it is.
    """
    if isinstance(net, Plain):
        pattern = flat_pattern(net).mean(dim=0)
        bias = net.tail.bias
        assert bias is not None  # the plain networks have one everywhere
        bias -= pattern.flatten().to(bias)
    return net


@torch.no_grad()
def flat_pattern(net: Plain) -> Tensor:
    """Return how the places of a cell differ from its mean on flat colours: (colours, C, s, s)."""
    channels, scale = net.head.in_channels, net.scale
    radius = net.depth + 2  # 3×3 convolutions: head, body, tail
    side = 2 * radius + 1
    colours = torch.tensor(list(product(TONES, repeat=channels)), device=net.head.weight.device)
    flat = colours[:, :, None, None].expand(-1, -1, side, side)
    start = scale * radius
    cells: Tensor = net(flat)[:, :, start : start + scale, start : start + scale]  # sees no border
    return cells - cells.mean(dim=(2, 3), keepdim=True)
