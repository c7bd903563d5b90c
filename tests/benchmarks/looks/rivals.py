"""The public networks that candidates are compared with, written out in plain torch.

They share nothing with the program's own loading and running, so that each can check the other.

Sources: X. Wang et al., Real-ESRGAN (ICCVW 2021), SRVGGNetCompact; ESRGAN (ECCVW 2018), RRDBNet.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.models.checkpoint import Tensors, read_tensors

SCALE = 4


class Compact(nn.Module):
    """Convolutions with PReLU, the nearest enlargement added."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.PReLU(channels)]
        for _ in range(depth):
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.PReLU(channels)]
        layers.append(nn.Conv2d(channels, 3 * SCALE**2, 3, padding=1))
        self.body = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, 3, H, W) in [0, 1]."""
        y = x
        for layer in self.body:
            y = layer(y)
        return F.pixel_shuffle(y, SCALE) + F.interpolate(x, scale_factor=SCALE, mode="nearest")


class _Dense(nn.Module):
    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        for index in range(1, 6):
            c_out = channels if index == 5 else growth
            conv = nn.Conv2d(channels + (index - 1) * growth, c_out, 3, padding=1)
            self.add_module(f"conv{index}", conv)

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for index in range(1, 5):
            seen.append(F.leaky_relu(self.get_submodule(f"conv{index}")(torch.cat(seen, 1)), 0.2))
        last: Tensor = self.get_submodule("conv5")(torch.cat(seen, 1))
        return x + 0.2 * last


class _Residual(nn.Module):
    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (_Dense(channels, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        deep: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return x + 0.2 * deep


class Rrdb(nn.Module):
    """Residual in residual dense blocks, then two nearest enlargements."""

    def __init__(self, channels: int, depth: int, growth: int) -> None:
        super().__init__()
        self.conv_first = nn.Conv2d(3, channels, 3, padding=1)
        self.body = nn.Sequential(*(_Residual(channels, growth) for _ in range(depth)))
        names = ("conv_body", "conv_up1", "conv_up2", "conv_hr")
        for name in names:
            self.add_module(name, nn.Conv2d(channels, channels, 3, padding=1))
        self.conv_last = nn.Conv2d(channels, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, 3, H, W) in [0, 1]."""
        first = self.conv_first(x)
        y = first + self.get_submodule("conv_body")(self.body(first))
        for name in ("conv_up1", "conv_up2"):
            y = F.leaky_relu(self.get_submodule(name)(F.interpolate(y, scale_factor=2)), 0.2)
        last: Tensor = self.conv_last(F.leaky_relu(self.get_submodule("conv_hr")(y), 0.2))
        return last


def rival(path: Path) -> nn.Module:
    """Return the network of a checkpoint of either kind."""
    tensors = read_tensors(path)
    net = _built(tensors)
    net.load_state_dict(tensors)
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _built(tensors: Tensors) -> nn.Module:
    if "conv_first.weight" in tensors:
        depth = len({match[1] for name in tensors if (match := re.match(r"body\.(\d+)\.", name))})
        growth = tensors["body.0.rdb1.conv1.weight"].shape[0]
        return Rrdb(tensors["conv_first.weight"].shape[0], depth, growth)
    convolutions = [name for name, tensor in tensors.items() if tensor.ndim == 4]
    return Compact(tensors["body.0.weight"].shape[0], len(convolutions) - 2)
