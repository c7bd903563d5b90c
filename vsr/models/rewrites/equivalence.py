"""The trial of a rewritten network: a small image through both, on the CPU."""

from __future__ import annotations

import torch
from torch import nn

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
