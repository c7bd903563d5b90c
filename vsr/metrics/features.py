"""MobileNetV2's features, what a classifier sees in an image, and distances of two images by them.

None of the distances is LPIPS, and none may be called so: another network, and no weights fitted to
human judgement. Each is comparable only with itself. They serve as perceptual loss too.

Source: M. Sandler et al., MobileNetV2 (CVPR 2018), table 2; parameter names as torchvision's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vsr.errors import InvalidCheckpoint
from vsr.models.checkpoint import read_tensors

STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""(expansion, channels, repeats, stride) of the inverted residuals."""

TAPS = (1, 3, 6, 13, 16)
"""Blocks whose outputs are compared: the last of each stride 2, 4, 8, 16, 32."""

DEEPEST = 18
"""The last block, a 1×1 convolution to 1280 channels."""


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""What torchvision's classifiers were trained on, by channel of R'G'B' in [0, 1]."""


class SameConv(nn.Conv2d):
    """A convolution padded as in TensorFlow: at stride 2, more after than before."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve: (N, c_in, H, W) → (N, c_out, ⌈H/s⌉, ⌈W/s⌉)."""
        side, stride = self.kernel_size[0], self.stride[0]
        pads = []
        for length in (x.shape[-1], x.shape[-2]):
            total = max((-(-length // stride) - 1) * stride + side - length, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pads))


class SymmetricConv(nn.Conv2d):
    """A convolution padded as in PyTorch: as much after as before."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve: (N, c_in, H, W) → (N, c_out, ⌈H/s⌉, ⌈W/s⌉)."""
        return super().forward(F.pad(x, [self.kernel_size[0] // 2] * 4))


Conv = type[SameConv] | type[SymmetricConv]


class InvertedResidual(nn.Module):
    """Expand, filter depthwise, project; the input added where shapes allow it."""

    def __init__(self, c_in: int, c_out: int, stride: int, expansion: int, conv: Conv) -> None:
        super().__init__()
        hidden = c_in * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [_normed(conv, c_in, hidden, 1)]
        layers += [
            _normed(conv, hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, c_out, 1, bias=False),
            nn.BatchNorm2d(c_out),
        ]
        self.conv = nn.Sequential(*layers)
        self.is_residual = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, H, W) → (N, c_out, ⌈H/s⌉, ⌈W/s⌉)."""
        out: Tensor = self.conv(x)
        return x + out if self.is_residual else out


class Features(nn.Module):
    """MobileNetV2 without its classifier; frozen, in eval mode.

    There are two trainings of it, with the same parameter names: TensorFlow's takes R'G'B' in
    [-1, 1] and pads after, torchvision's takes what `IMAGENET_MEAN` and `IMAGENET_DEVIATION` make
    of it and pads evenly.

    Args:
        is_torchvision: which of the two.
    """

    def __init__(self, *, is_torchvision: bool = False) -> None:
        super().__init__()
        mean = IMAGENET_MEAN if is_torchvision else (0.5,) * 3
        deviation = IMAGENET_DEVIATION if is_torchvision else (0.5,) * 3
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None], persistent=False)
        conv: Conv = SymmetricConv if is_torchvision else SameConv
        blocks: list[nn.Module] = [_normed(conv, 3, 32, 3, 2)]
        c_in = 32
        for expansion, channels, repeats, stride in STAGES:
            for i in range(repeats):
                step = stride if i == 0 else 1
                blocks.append(InvertedResidual(c_in, channels, step, expansion, conv))
                c_in = channels
        self.features = nn.Sequential(*blocks, _normed(conv, c_in, 1280, 1))
        self.eval().requires_grad_(False)

    @classmethod
    def open(cls, path: Path) -> Features:
        """Load the weights of a file: a conversion from TensorFlow, or torchvision's own.

        The former has its batch norm folded into the convolutions, so that what is left of it has
        statistics that change nothing; the latter has those of ImageNet.

        Raises:
            NoSuchFile: there is none.
            InvalidCheckpoint: it is not a weights file, or of another network.
        """
        tensors = {k: v for k, v in read_tensors(path).items() if k.startswith("features.")}
        net = cls(is_torchvision=_has_statistics(tensors))
        try:
            net.load_state_dict(tensors)
        except RuntimeError as error:
            raise InvalidCheckpoint(
                f"{path}: not the weights of MobileNetV2. Give torchvision's."
            ) from error
        _fold_norms(net)
        return net

    def forward(self, rgb: Tensor, taps: Sequence[int] = TAPS) -> list[Tensor]:
        """Return the outputs of the blocks ``taps``, in order, of (N, 3, H, W) in [0, 1]."""
        mean, deviation = self.get_buffer("mean"), self.get_buffer("deviation")
        return self.outputs((rgb - mean) / deviation, taps)

    def outputs(self, x: Tensor, taps: Sequence[int]) -> list[Tensor]:
        """Return the outputs of the blocks ``taps``, in order, of x as the first block takes it."""
        outputs = []
        for index, block in enumerate(self.features.children()):
            if index > max(taps):
                break
            x = block(x)
            if index in taps:
                outputs.append(x)
        return outputs

    def train(self, mode: bool = True) -> Features:
        """Stay in eval mode, even as part of a module in training."""
        del mode
        return super().train(False)


def _has_statistics(tensors: Mapping[str, Tensor]) -> bool:
    """Return whether any batch norm has not been folded away."""
    return any(
        bool((value != float(name.endswith("running_var"))).any())
        for name, value in tensors.items()
        if name.endswith(("running_mean", "running_var"))
    )


def _fold_norms(net: nn.Module) -> None:
    """Fold each batch norm into its convolution, which saves a pass over the features."""
    for layers in [module for module in net.modules() if isinstance(module, nn.Sequential)]:
        for i, (conv, norm) in enumerate(pairwise(layers)):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                layers[i], layers[i + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()


def _normed(
    conv: Conv, c_in: int, c_out: int, side: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    layer = conv(c_in, c_out, side, stride, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(c_out), nn.ReLU6())


def feature_distance(net: Features, result: Tensor, truth: Tensor) -> Tensor:
    """Return the mean over `TAPS` of their `relative_distance`: a scalar.

    It is 0 for equal images and differentiable in ``result``. Shape: (N, 3, H, W) in [0, 1].
    """
    return relative_distance(net(result), net(truth))


def relative_distance(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
    """Return the mean over pairs of mean|mine - theirs| / mean|theirs|: a scalar."""
    distances = [
        (a - b).abs().mean() / b.abs().mean().clamp_min(1e-12)
        for a, b in zip(mine, theirs, strict=True)
    ]
    return torch.stack(distances).mean()


def cosine_distance(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
    """Return the mean over pairs and positions of 1 - cos(mine, theirs): a scalar, 0 to 2.

    Half of LPIPS's squared distance of unit vectors, with every channel weighted equally.
    Shapes: (N, C, h, w); the angle is between the C values of a position.

    Source: R. Zhang et al., LPIPS (arXiv 1801.03924), equation 1.
    """
    distances = [
        1 - F.cosine_similarity(a, b, dim=1).mean() for a, b in zip(mine, theirs, strict=True)
    ]
    return torch.stack(distances).mean()
