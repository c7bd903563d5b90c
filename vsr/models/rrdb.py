"""RRDBNet, the network of ESRGAN and of Real-ESRGAN's large models: dense blocks within residuals.

Published networks: ``RealESRGAN_x4plus`` (23 blocks) and ``RealESRGAN_x4plus_anime_6B``. Variants
for ×1 and ×2 put cells of 4×4 or 2×2 pixels into channels first, and enlarge by 4 all the same.

Sources: X. Wang et al., ESRGAN (ECCVW 2018), arXiv 1809.00219; Real-ESRGAN (ICCVW 2021), arXiv
2107.10833. Parameter names are BasicSR's; those of both earlier versions of ESRGAN's code are
translated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import InvalidOption
from vsr.models.blocks import LARGEST_SCALE, Channels, Generator, whole_scale
from vsr.models.checkpoint import count_numbered

SLOPE = 0.2
"""The negative slope of every leaky ReLU."""

RESIDUAL = 0.2
"""The share of a block's output that is added to its input."""

DENSE = 5
"""Convolutions in a dense block."""

Tensors = Mapping[str, Tensor]


def _conv(channels: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(channels, outputs, 3, padding=1)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all before it: (N, C, H, W) → the same."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        for number in range(1, DENSE):
            before = channels + (number - 1) * growth
            self.add_module(f"conv{number}", _conv(before, growth))
        self.add_module(f"conv{DENSE}", _conv(channels + (DENSE - 1) * growth, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Add a share of what the convolutions make of ``x`` to it."""
        seen = [x]
        for number in range(1, DENSE):
            made = self.get_submodule(f"conv{number}")(torch.cat(seen, 1))
            seen.append(F.leaky_relu(made, SLOPE))
        last: Tensor = self.get_submodule(f"conv{DENSE}")(torch.cat(seen, 1))
        return last * RESIDUAL + x


class ResidualBlock(nn.Module):
    """Three dense blocks, and a share of their output added: (N, C, H, W) → the same."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(channels, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """Add a share of what the dense blocks make of ``x`` to it."""
        out: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return out * RESIDUAL + x


class RRDB(Generator):
    """The generator: (N, C, H, W) in [0, 1] → (N, C, scale·H, scale·W), not clamped.

    Args:
        doublings: how often the features are repeated to twice their size.
        multiple: the side of the cells whose pixels become channels first; 1 leaves them.
        channels: width of the features.
        growth: what each layer of a dense block adds to them.
        depth: how many blocks there are.
        colour: ``rgb``, or ``luma`` for one channel.

    Raises:
        InvalidOption: the scale, 2^doublings ÷ multiple, is not a whole number from 1 to 8.
    """

    architecture = "rrdb"
    has_linear_tail = True

    def __init__(
        self,
        doublings: int = 2,
        multiple: int = 1,
        *,
        channels: int = 64,
        growth: int = 32,
        depth: int = 23,
        colour: Channels = "rgb",
    ) -> None:
        super().__init__()
        enlarged = 2**doublings
        if enlarged % multiple or not 1 <= enlarged // multiple <= LARGEST_SCALE:
            raise InvalidOption(
                f"×{enlarged / multiple:.3g}: networks of this kind enlarge by a whole number, "
                f"1 to {LARGEST_SCALE}."
            )
        self.scale, self.multiple, self.colour = enlarged // multiple, multiple, colour
        image = 3 if colour == "rgb" else 1
        self.unshuffle = nn.PixelUnshuffle(multiple) if multiple > 1 else None
        self.conv_first = _conv(image * multiple**2, channels)
        self.body = nn.Sequential(*(ResidualBlock(channels, growth) for _ in range(depth)))
        self.conv_body = _conv(channels, channels)
        self.doublings = doublings
        for number in range(1, doublings + 1):
            self.add_module(f"repeat{number}", nn.Upsample(scale_factor=2, mode="nearest"))
            self.add_module(f"conv_up{number}", _conv(channels, channels))
        self.conv_hr = _conv(channels, channels)
        self.conv_last = _conv(channels, image)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge; sides that are no whole multiples are completed by repeating the last pixel."""
        if self.unshuffle is None:
            return self._enlarged(x)
        height, width = x.shape[-2], x.shape[-1]
        missing = (0, -width % self.multiple, 0, -height % self.multiple)
        enlarged = self._enlarged(self.unshuffle(F.pad(x, missing, mode="replicate")))
        return enlarged[:, :, : height * self.scale, : width * self.scale]

    def _enlarged(self, x: Tensor) -> Tensor:
        head = self.conv_first(x)
        features = self.conv_body(self.body(head)) + head
        for number in range(1, self.doublings + 1):
            repeated = self.get_submodule(f"repeat{number}")(features)
            features = F.leaky_relu(self.get_submodule(f"conv_up{number}")(repeated), SLOPE)
        enlarged: Tensor = self.conv_last(F.leaky_relu(self.conv_hr(features), SLOPE))
        return enlarged


def rrdb_of(tensors: Tensors) -> RRDB | None:
    """Return an untrained network of the shape of these tensors; None if they are of another kind.

    Args:
        tensors: by BasicSR's names (see `renamed`).

    Raises:
        InvalidOption: a layer is missing, or what it enlarges by is no whole number.
    """
    if not {"conv_first.weight", "conv_last.weight"} <= tensors.keys():
        return None
    if not any(re.match(r"body\.\d+\.rdb\d\.conv\d\.", name) for name in tensors):
        return None
    depth = count_numbered(tensors, "body")
    channels, seen = tensors["conv_first.weight"].shape[:2]
    image = tensors["conv_last.weight"].shape[0]
    if image not in (1, 3):
        raise InvalidOption(f"a network of {image} image channels.")
    return RRDB(
        sum(re.fullmatch(r"conv_up\d+\.weight", name) is not None for name in tensors),
        whole_scale(seen, image),
        channels=channels,
        growth=tensors["body.0.rdb1.conv1.weight"].shape[0],
        depth=depth,
        colour="rgb" if image == 3 else "luma",
    )


TRUNK_NAMES = {
    "trunk_conv": "conv_body",
    "HRconv": "conv_hr",
    "upconv1": "conv_up1",
    "upconv2": "conv_up2",
    "upconv3": "conv_up3",
}
"""What ESRGAN's code of 2019 calls a layer → what it is called here."""


def renamed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return an RRDB's tensors by BasicSR's names; those of any other network unchanged.

    ESRGAN's code of 2018 numbers its layers (``model.1.sub.0.RDB1.conv1.0.weight``), that of 2019
    has other names for them (``RRDB_trunk.0.RDB1.conv1.weight``).
    """
    if any(re.match(r"RRDB_trunk\.\d+\.RDB\d\.", name) for name in tensors):
        return {_from_2019(name): tensor for name, tensor in tensors.items()}
    if any(re.match(r"model\.1\.sub\.\d+\.RDB\d\.", name) for name in tensors):
        last = _numbered_layers(tensors)
        return {_from_2018(name, last): tensor for name, tensor in tensors.items()}
    return tensors


def _from_2019(name: str) -> str:
    layer, _, rest = name.partition(".")
    if layer == "RRDB_trunk":
        return f"body.{rest.replace('RDB', 'rdb')}"
    return f"{TRUNK_NAMES.get(layer, layer)}.{rest}"


def _numbered_layers(tensors: Tensors) -> dict[str, str]:
    """Return the names of the layers after the trunk by their numbers, in order."""
    found = (re.fullmatch(r"model\.(\d+)\.weight", name) for name in tensors)
    numbers = sorted(int(match[1]) for match in found if match and int(match[1]) > 0)
    ups = [f"conv_up{number}" for number in range(1, len(numbers) - 1)]
    names = [*ups, "conv_hr", "conv_last"]
    return {"0": "conv_first"} | {str(n): own for n, own in zip(numbers, names, strict=False)}


def _from_2018(name: str, last: Mapping[str, str]) -> str:
    if match := re.fullmatch(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.(\w+)", name):
        block, dense, conv, kind = match.groups()
        return f"body.{block}.rdb{dense}.conv{conv}.{kind}"
    if match := re.fullmatch(r"model\.1\.sub\.\d+\.(\w+)", name):
        return f"conv_body.{match[1]}"
    if (match := re.fullmatch(r"model\.(\d+)\.(\w+)", name)) and match[1] in last:
        return f"{last[match[1]]}.{match[2]}"
    return name
