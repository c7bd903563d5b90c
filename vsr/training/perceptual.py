"""Distances between features of a classifier, whose weights the user supplies.

None of these is LPIPS: no weights here were fitted to people's judgement.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.metrics.features import DEEPEST, Features
from vsr.models.checkpoint import read_tensors
from vsr.training.recipe import FeatureName

Extract = Callable[[Tensor], Tensor]
"""R'G'B' (N, 3, H, W) in [0, 1] → features (N, C, h, w)."""

VGG19_WIDTHS = (64, 64, 0, 128, 128, 0, *[256] * 4, 0, *[512] * 4, 0, *[512] * 4, 0)
"""Convolutions of VGG19; 0 is a pooling. Source: arXiv 1409.1556, table 1, column E."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class Vgg19(nn.Module):
    """The first layers of VGG19, numbered as torchvision's ``features``; frozen.

    Args:
        layers: how many of its 37: 36 ends with relu5_4 (SRGAN's φ5,4), 35 before that ReLU, 37
            with the last pooling.

    Raises:
        InvalidOption: another number.
    """

    def __init__(self, layers: int) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        c_in = 3
        for width in VGG19_WIDTHS:
            if width == 0:
                modules.append(nn.MaxPool2d(2))
            else:
                modules += [nn.Conv2d(c_in, width, 3, padding=1), nn.ReLU()]
                c_in = width
        if not 1 <= layers <= len(modules):
            raise InvalidOption(f"perceptual_layer {layers}: VGG19 has 1 to {len(modules)}.")
        self.features = nn.Sequential(*modules[:layers])
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
        deviation = torch.tensor(IMAGENET_DEVIATION)[:, None, None]
        self.register_buffer("deviation", deviation, persistent=False)
        self.eval().requires_grad_(False)

    def forward(self, rgb: Tensor) -> Tensor:
        """Return the features of (N, 3, H, W) in [0, 1]."""
        mean, deviation = self.get_buffer("mean"), self.get_buffer("deviation")
        features: Tensor = self.features((rgb - mean) / deviation)
        return features


def feature_extractor(
    name: FeatureName, layers: int, weights: Path, device: torch.device
) -> Extract:
    """Return the first ``layers`` layers of a feature network with the weights of a file.

    Raises:
        NoSuchFile, InvalidCheckpoint: the file.
        InvalidOption: it has not so many layers.
    """
    if name == "mobilenet-v2":
        if not 1 <= layers <= DEEPEST + 1:
            raise InvalidOption(f"perceptual_layer {layers}: MobileNetV2 has 1 to {DEEPEST + 1}.")
        net = Features.open(weights).to(device)
        return lambda rgb: net(rgb, (layers - 1,))[0]
    vgg = Vgg19(layers)
    there = read_tensors(weights)
    try:
        vgg.load_state_dict({name: there[name] for name in vgg.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise InvalidCheckpoint(f"{weights}: not the features of a VGG19.") from error
    return vgg.to(device)


def feature_loss(extract: Extract, output: Tensor, target: Tensor) -> Tensor:
    """Return mean (φ(output) − φ(target))²: a scalar, differentiable in ``output``.

    Source: C. Ledig et al., SRGAN (arXiv 1609.04802), equation 5.
    """
    with torch.no_grad():
        wanted = extract(target)
    return F.mse_loss(extract(output), wanted)
