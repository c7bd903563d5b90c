"""A network that others wrote in half precision: its ends in float32, and only after a trial."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from vsr.models.foreign.adapter import Foreign, drawn

SIDE = 32
"""Of the picture of the trial."""

MOST = 4 / 255
"""How far any sample may be off in the trial: four codes of eight bits."""

USUAL = 1 / 255
"""How far all but `SELDOM` of the samples may be off: one code."""

SELDOM = 1e-2
"""A share of the samples."""


class Float32Conv(nn.Conv2d):
    """A convolution that autocast leaves alone."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve in float32."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


class Mixed(nn.Module):
    """A network, under autocast unless in float32: (N, C, H, W) float32 → the same, enlarged."""

    def __init__(self, net: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.net = net
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge; weights are cast each time, as a cache would keep a copy of each alive."""
        is_half = self.dtype != torch.float32
        with torch.autocast(x.device.type, self.dtype, enabled=is_half, cache_enabled=False):
            enlarged: Tensor = self.net(x)
        return enlarged.float()


def with_float32_ends(net: Foreign) -> Foreign:
    """Return a copy whose first and last convolution stay in float32 under autocast.

    The first sees the picture, whose last bits half precision would drop; what the last one writes
    is the picture itself.
    """
    own = copy.deepcopy(net)
    order: list[nn.Module] = []

    def note(layer: nn.Module, *_: Any) -> None:
        order.append(layer)

    layers = [layer for layer in own.modules() if type(layer) is nn.Conv2d]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    with torch.inference_mode():
        own(drawn(own.channels, SIDE, SIDE).to(next(own.parameters()).device))
    for hook in hooks:
        hook.remove()
    for layer in (*order[:1], *order[-1:]):
        layer.__class__ = Float32Conv
    return own


def passes_in(net: Foreign, dtype: torch.dtype, device: torch.device) -> bool:
    """Return whether a network makes nearly the same in half precision: tried on a drawn picture.

    Deterministic: a resumed run and every worker with this device reach the same verdict.
    """
    picture = drawn(net.channels, SIDE, SIDE + 16).to(device)
    try:
        own = with_float32_ends(copy.deepcopy(net).to(device))
        with torch.inference_mode():
            expected = own(picture).clamp(0, 1)
            apart = (Mixed(own, dtype)(picture).clamp(0, 1) - expected).abs()
    except Exception:  # some say that they can, and raise
        return False
    return bool(apart.max() <= MOST and (apart > USUAL).float().mean() <= SELDOM)
