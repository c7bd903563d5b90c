"""Distances between features of a classifier, whose weights the user supplies.

None of these is LPIPS: no weights here were fitted to people's judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.metrics.features import (
    DEEPEST,
    IMAGENET_DEVIATION,
    IMAGENET_MEAN,
    Features,
    cosine_distance,
    relative_distance,
)
from vsr.models.checkpoint import read_tensors
from vsr.training.recipe.values import PerceptualValues

Extract = Callable[[Tensor], Sequence[Tensor]]
"""R'G'B' (N, 3, H, W) in [0, 1] → one tensor (N, C, h, w) for each tap."""

VGG19_WIDTHS = (64, 64, 0, 128, 128, 0, *[256] * 4, 0, *[512] * 4, 0, *[512] * 4, 0)
"""Convolutions of VGG19; 0 is a pooling. Source: arXiv 1409.1556, table 1, column E."""


class Vgg19(nn.Module):
    """The first layers of VGG19, numbered from 0 as torchvision's ``features``; frozen.

    Args:
        deepest: its last layer: 35 is relu5_4 (SRGAN's φ5,4), 34 what goes into it, 36 the last
            pooling.

    Raises:
        InvalidOption: it has no such layer.
    """

    def __init__(self, deepest: int) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        c_in = 3
        for width in VGG19_WIDTHS:
            if width == 0:
                modules.append(nn.MaxPool2d(2))
            else:
                modules += [nn.Conv2d(c_in, width, 3, padding=1), nn.ReLU()]
                c_in = width
        if not 0 <= deepest < len(modules):
            raise InvalidOption(f"perceptual_taps: {deepest}: VGG19 has 0 to {len(modules) - 1}.")
        self.features = nn.Sequential(*modules[: deepest + 1])
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
        deviation = torch.tensor(IMAGENET_DEVIATION)[:, None, None]
        self.register_buffer("deviation", deviation, persistent=False)
        self.eval().requires_grad_(False)

    def forward(self, rgb: Tensor, taps: Sequence[int]) -> list[Tensor]:
        """Return the outputs of the layers ``taps``, in order, of (N, 3, H, W) in [0, 1]."""
        mean, deviation = self.get_buffer("mean"), self.get_buffer("deviation")
        return self.outputs((rgb - mean) / deviation, taps)

    def outputs(self, x: Tensor, taps: Sequence[int]) -> list[Tensor]:
        """Return the outputs of the layers ``taps``, in order, of x as the first layer takes it."""
        outputs = []
        for index, layer in enumerate(self.features.children()):
            x = layer(x)
            if index in taps:
                outputs.append(x)
        return outputs


def extractor_of(
    values: PerceptualValues, weights: str | None, device: torch.device
) -> Extract | None:
    """Return the feature extractor of a step on its device; None if it needs none."""
    if not values.perceptual:
        return None
    assert weights is not None  # refused before the start
    return feature_extractor(values, Path(weights), device)


def feature_extractor(values: PerceptualValues, weights: Path, device: torch.device) -> Extract:
    """Return the feature extractor that a recipe names, with the weights of a file.

    Raises:
        NoSuchFile, InvalidCheckpoint: the file.
        InvalidOption: the network does not have that many layers.
    """
    taps = values.perceptual_taps
    net: Features | Vgg19
    if values.perceptual_network == "mobilenet-v2":
        if not 0 <= taps[0] <= taps[-1] <= DEEPEST:
            raise InvalidOption(f"perceptual_taps {list(taps)}: MobileNetV2 has 0 to {DEEPEST}.")
        net = Features.open(weights)
    else:
        net = _vgg19(taps[-1], weights)
    net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload] # absent from torch's stubs
    if values.perceptual_normalised:
        return lambda rgb: net(rgb, taps)
    return lambda rgb: net.outputs(rgb, taps)


def _vgg19(deepest: int, weights: Path) -> Vgg19:
    net = Vgg19(deepest)
    there = read_tensors(weights)
    try:
        net.load_state_dict({name: there[name] for name in net.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise InvalidCheckpoint(
            f"{weights}: not the features of VGG19. Give torchvision's vgg19."
        ) from error
    return net


def perceptual_term(
    values: PerceptualValues, extract: Extract, output: Tensor, target: Tensor, step: int
) -> Tensor:
    """Return the weighted distance of features: a scalar, differentiable in ``output``.

    Args:
        step: of the stage; chooses the shift and the zoom.

    Source: C. Ledig et al., SRGAN (arXiv 1609.04802), equation 5, for ``mse``; M. Kettunen et al.,
    E-LPIPS (arXiv 1906.03973), for features of transformed images.
    """
    with torch.no_grad():
        wanted = extract(_seen(values, target, step))
    found = extract(_seen(values, output, step))
    if values.perceptual_distance == "relative":
        return values.perceptual * relative_distance(found, wanted)
    if values.perceptual_distance == "cosine":
        return values.perceptual * cosine_distance(found, wanted)
    squares = [F.mse_loss(a, b) for a, b in zip(found, wanted, strict=True)]
    return values.perceptual * torch.stack(squares).mean()


def _seen(values: PerceptualValues, image: Tensor, step: int) -> Tensor:
    """Return the image as the features see it: shifted and zoomed, a pure function of the step."""
    down, right = divmod(step % values.perceptual_shifts**2, values.perceptual_shifts)
    shifted = image[:, :, down:, right:]
    if values.perceptual_zoom == 1:
        return shifted
    zoom = values.perceptual_zoom ** float(np.random.default_rng((step, 2)).uniform(-1, 1))
    size = [round(side * zoom) for side in shifted.shape[-2:]]
    return F.interpolate(shifted, size, mode="bicubic", align_corners=False)
