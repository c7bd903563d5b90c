"""The networks that tell real images from generated ones. All return logits, before any sigmoid.

All have the same call, ``discriminator(image, low)``, with the high-resolution image and its
low-resolution counterpart; `PatchDiscriminator` and `UNetDiscriminator` look at the latter.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from vsr.errors import InvalidOption
from vsr.models.srgan import SeparableConv

SLOPE = 0.2
"""Negative slope of every leaky ReLU here."""

DETAIL_GAIN = 10.0
"""Scales what an image has beyond its low resolution to about the image's own range."""

STAGES = ((64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 2))
"""(channels, stride) of the eight convolutions of SRGAN's discriminator and its descendants."""


class Discriminator(nn.Module):
    """(N, 3, H, W) in [0, 1], and its low resolution, → logits: (N, 1) or a map (N, 1, h, w)."""


class SRGANDiscriminator(Discriminator):
    """SRGAN's: eight convolutions, two linear layers. Returns (N, 1).

    Args:
        patch: the side of the images, a multiple of 16; the first linear layer depends on it.

    Raises:
        InvalidOption: another side.

    Source: arXiv 1609.04802, figure 4.
    """

    def __init__(self, patch: int = 96) -> None:
        super().__init__()
        if patch < 16 or patch % 16:
            raise InvalidOption(f"a patch of {patch}: this discriminator needs a multiple of 16.")
        layers: list[nn.Module] = []
        c_in = 3
        for c_out, stride in STAGES:
            is_first = c_in == 3
            layers.append(nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=is_first))
            layers += [] if is_first else [nn.BatchNorm2d(c_out)]
            layers.append(nn.LeakyReLU(SLOPE))
            c_in = c_out
        self.blocks = nn.Sequential(*layers)
        self.classifier = _classifier(c_in * (patch // 16) ** 2)

    def forward(self, image: Tensor, low: Tensor) -> Tensor:
        """Judge an image as a whole."""
        logits: Tensor = self.classifier(self.blocks(image).flatten(1))
        return logits


class SwiftDiscriminator(Discriminator):
    """SwiftSRGAN's: eight separable convolutions, pooled to 6×6, two linear layers. Returns (N, 1).

    Source: arXiv 2111.14320, as in its published code.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        c_in = 3
        for c_out, stride in STAGES:
            is_first = c_in == 3
            layers.append(SeparableConv(c_in, c_out, 3, stride=stride, has_bias=is_first))
            layers += [] if is_first else [nn.BatchNorm2d(c_out)]
            layers.append(nn.LeakyReLU(SLOPE))
            c_in = c_out
        self.blocks = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(6))
        self.classifier = _classifier(c_in * 36)

    def forward(self, image: Tensor, low: Tensor) -> Tensor:
        """Judge an image as a whole."""
        logits: Tensor = self.classifier(self.blocks(image).flatten(1))
        return logits


class PatchDiscriminator(Discriminator):
    """DPSRGAN's conditional PatchGAN: sees the enlarged low resolution as well as the image.

    Returns a map; for 128×128 it is 5×5, each cell from 93×93 pixels. Only the last convolution is
    padded.

    Source: IEEE 9417903 and its authors' code.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        c_in = 6
        for c_out, stride in STAGES:
            is_first = c_in == 6
            layers.append(nn.Conv2d(c_in, c_out, 3, stride))
            layers += [] if is_first else [nn.BatchNorm2d(c_out)]
            layers.append(nn.LeakyReLU(SLOPE))
            c_in = c_out
        self.blocks = nn.Sequential(*layers, nn.Conv2d(c_in, 1, 3, padding=1))

    def forward(self, image: Tensor, low: Tensor) -> Tensor:
        """Judge each patch of an image, given its low resolution (N, 3, h, w)."""
        logits: Tensor = self.blocks(torch.cat((image, _enlarged(low, image)), dim=1))
        return logits


class UNetDiscriminator(Discriminator):
    """A U-Net with spectral norm: one logit per pixel. Sides must be at least 8.

    It sees the image and, amplified, what the image has beyond its enlarged low resolution. Real
    and generated images differ in little else, and spectral norm keeps layers from amplifying
    small differences: from the image alone it learns nothing within a small budget of steps.

    Source: X. Wang et al., Real-ESRGAN (ICCVW 2021), arXiv 2107.10833, section 3.4, except for
    its input.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [width, width * 2, width * 4, width * 8]
        self.first = nn.Conv2d(6, width, 3, padding=1)
        self.down = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, 2, padding=1, bias=False)) for a, b in pairwise(widths)
        )
        self.up = nn.ModuleList(
            spectral_norm(nn.Conv2d(b, a, 3, padding=1, bias=False))
            for a, b in reversed(list(pairwise(widths)))
        )
        self.last = nn.Sequential(
            spectral_norm(nn.Conv2d(width, width, 3, padding=1, bias=False)),
            nn.LeakyReLU(SLOPE),
            spectral_norm(nn.Conv2d(width, width, 3, padding=1, bias=False)),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def forward(self, image: Tensor, low: Tensor) -> Tensor:
        """Judge each pixel: (N, 3, H, W) → (N, 1, H, W), given its low resolution (N, 3, h, w)."""
        detail = DETAIL_GAIN * (image - _enlarged(low, image))
        features = F.leaky_relu(self.first(torch.cat((image, detail), dim=1)), SLOPE)
        skips = []
        for conv in self.down:
            skips.append(features)
            features = F.leaky_relu(conv(features), SLOPE)
        for conv, skip in zip(self.up, reversed(skips)):
            size = skip.shape[-2:]
            larger = F.interpolate(features, size=size, mode="bilinear", align_corners=False)
            features = F.leaky_relu(conv(larger), SLOPE) + skip
        logits: Tensor = self.last(features)
        return logits


def _enlarged(low: Tensor, image: Tensor) -> Tensor:
    """Enlarge a low resolution to the size of its image: (N, 3, h, w) → (N, 3, H, W)."""
    size = image.shape[-2:]
    return F.interpolate(low, size=size, mode="bicubic", align_corners=False)


def _classifier(features: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, 1024), nn.LeakyReLU(SLOPE), nn.Linear(1024, 1))
