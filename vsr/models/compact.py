"""SRVGGNetCompact, the network of Real-ESRGAN's small models: convolutions and PReLU.

Everything is computed at low resolution, as in `vsr.models.plain`, from which it differs by its
activation: a slope for each channel. Published networks: ``realesr-animevideov3`` (64 channels,
16 deep) and ``realesr-general-x4v3`` (32 deep).

Source: X. Wang et al., Real-ESRGAN (ICCVW 2021), arXiv 2107.10833, and its repository's
``srvgg_arch.py``, whose parameter names are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from vsr.errors import InvalidOption
from vsr.models.blocks import LARGEST_SCALE, Channels, Generator, nearest_base, whole_scale
from vsr.models.checkpoint import count_numbered

SHAPE = (64, 16)
"""Channels and depth of ``realesr-animevideov3``: 621 424 parameters at ×4."""

DEEP_SHAPE = (64, 32)
"""Channels and depth of ``realesr-general-x4v3``: 1 213 296 parameters at ×4."""


class Compact(Generator):
    """Convolve, PReLU, … convolve, pixel shuffle, add the nearest base.

    Keys: ``body.N``: a convolution where N is even, the slopes after it where N is odd.

    Args:
        scale: 1 to 8.
        channels: width of the features.
        depth: how many convolutions there are between the first and the last.
        colour: ``rgb``, or ``luma`` for one channel.

    Raises:
        InvalidOption: another scale.
    """

    architecture = "compact"
    has_linear_tail = True

    def __init__(self, scale: int, channels: int, depth: int, colour: Channels = "rgb") -> None:
        super().__init__()
        if not 1 <= scale <= LARGEST_SCALE:
            raise InvalidOption(f"×{scale}: compact networks enlarge by 1 to {LARGEST_SCALE}.")
        self.scale, self.colour = scale, colour
        self.channels, self.depth = channels, depth
        image = 3 if colour == "rgb" else 1
        widths = [image, *[channels] * (depth + 1)]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.PReLU(after)]
        layers.append(nn.Conv2d(channels, image * scale**2, 3, padding=1))
        self.body = nn.ModuleList(layers)
        self.shuffle = nn.PixelShuffle(scale)

    @property
    def convolutions(self) -> tuple[nn.Conv2d, ...]:
        """All convolutions, in order."""
        return tuple(cast(nn.Conv2d, layer) for layer in self.body[::2])

    @property
    def activations(self) -> tuple[nn.PReLU, ...]:
        """What follows each convolution but the last."""
        return tuple(cast(nn.PReLU, layer) for layer in self.body[1::2])

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, C, H, W) in [0, 1]; the output is not clamped."""
        features = x
        for layer in self.body:
            features = layer(features)
        enlarged: Tensor = self.shuffle(features + nearest_base(x, self.scale))
        return enlarged


def compact(scale: int) -> Compact:
    """Return a fresh network of the shape of ``realesr-animevideov3``: radius 18.

    Raises:
        InvalidOption: a scale other than 1 to 8.
    """
    return Compact(scale, *SHAPE)


def compact_deep(scale: int) -> Compact:
    """Return a fresh network of the shape of ``realesr-general-x4v3``: radius 34.

    Raises:
        InvalidOption: a scale other than 1 to 8.
    """
    return Compact(scale, *DEEP_SHAPE)


def compact_of(tensors: Mapping[str, Tensor]) -> Compact | None:
    """Return an untrained network of the shape of these tensors; None if they are of another kind.

    Raises:
        InvalidOption: a layer is missing, or the last has the outputs of no whole scale.
    """
    if not all(re.fullmatch(r"body\.\d+\.(weight|bias)", name) for name in tensors):
        return None
    if not {tensor.ndim for tensor in tensors.values()} <= {1, 4}:
        return None
    last = count_numbered(tensors, "body") - 1
    if last < 2 or last % 2:
        raise InvalidOption(f"'body.{last}' is not the last of an odd number of layers.")
    for name in ("body.0.weight", f"body.{last}.weight"):
        if tensors[name].ndim != 4:
            raise InvalidOption(f"'{name}' of {tensors[name].ndim} axes is no convolution.")
    channels, image = tensors["body.0.weight"].shape[:2]
    if image not in (1, 3):
        raise InvalidOption(f"a network of {image} image channels.")
    scale = whole_scale(tensors[f"body.{last}.weight"].shape[0], image)
    return Compact(scale, channels, last // 2 - 1, "rgb" if image == 3 else "luma")
