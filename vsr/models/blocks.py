"""Building blocks shared by several networks."""

from __future__ import annotations

from math import isqrt, log2, sqrt
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import InvalidOption

Channels = Literal["rgb", "luma"]
"""What a network reads and writes: three channels of R'G'B', or luma only."""

SCALES = (2, 4)
"""The scales of every trained network of this project."""

LARGEST_SCALE = 8
"""The largest scale of networks that others trained."""

BRANCH_GAIN = 0.1
"""How much smaller than usual a branch parallel to the identity starts, so nine stay near it."""

EXPANSION = 2
"""How much wider the expanded branch of a training form is."""


class Generator(nn.Module):
    """A network that enlarges: (N, C, H, W) in [0, 1] → (N, C, scale·H, scale·W).

    C is 3 (R'G'B') or 1 (luma amplitude). A linear tail does not clamp its output.

    Attributes:
        multiple: the network works on cells of this many pixels along each side, and completes a
            picture of other sides itself; tiles have to begin on whole cells.
        takes_channels_last: it computes the same of a picture whose channels lie together.
        shows_cells: it starts from the nearest pixel, and keeps some of its steps of colour
            (`vsr.upscaling.passes.even_colour`).
    """

    architecture: str
    scale: int
    colour: Channels
    has_linear_tail: bool
    multiple: int = 1
    takes_channels_last: bool = True
    shows_cells: bool = False


def doublings(scale: int) -> int:
    """Return how many ×2 stages make ``scale``.

    Raises:
        InvalidOption: a scale other than 2 and 4.
    """
    if scale not in SCALES:
        raise InvalidOption(f"×{scale}: this network enlarges by 2 or 4. Choose one of these.")
    return int(log2(scale))


def whole_scale(outputs: int, image: int) -> int:
    """Return the scale of a last layer with this many outputs for ``image`` channels.

    Raises:
        InvalidOption: it is not a whole number.
    """
    scale = isqrt(outputs // image)
    if image * scale**2 != outputs:
        raise InvalidOption(
            f"{outputs} outputs of the last layer for {image} channels are no whole scale: "
            f"×{sqrt(outputs / image):.2f}."
        )
    return scale


def nearest_base(x: Tensor, scale: int) -> Tensor:
    """Repeat each channel scale² times, so that a pixel shuffle of it is ``x``, enlarged.

    Shape: (N, C, H, W) → (N, C·scale², H, W).
    """
    return x.repeat_interleave(scale * scale, dim=1)


class ReparameterisedConv(nn.Module):
    """A 3×3 convolution learnt as a sum: 3×3 + 1×1 + (3×3, then 1×1) + identity.

    The sum is taken over the kernels, not over the outputs: a training step costs one convolution
    and `plain` is the same function. No branch has a bias of its own, as one ahead of the zero
    padding could not be merged exactly.

    Args:
        c_in: channels in.
        c_out: channels out; the same as ``c_in`` if there is an identity.
        gain: the size of the random start, relative to one that keeps the variance.
        has_identity: add the input to the branches.

    Source: X. Ding et al., RepVGG (CVPR 2021); X. Zhang et al., ECBSR (ACM MM 2021).
    """

    identity: Tensor | None

    def __init__(
        self, c_in: int, c_out: int, gain: float = 1.0, *, has_identity: bool = False
    ) -> None:
        super().__init__()
        hidden = EXPANSION * max(c_in, c_out)
        self.kernel = nn.Parameter(_noise(c_out, c_in, 3, gain))
        self.point = nn.Parameter(_noise(c_out, c_in, 1, BRANCH_GAIN * gain))
        self.expand = nn.Parameter(_noise(hidden, c_in, 3, 1.0))
        self.project = nn.Parameter(_noise(c_out, hidden, 1, BRANCH_GAIN * gain)[:, :, 0, 0])
        self.bias = nn.Parameter(torch.zeros(c_out))
        identity = nn.init.dirac_(torch.empty(c_out, c_in, 3, 3)) if has_identity else None
        self.register_buffer("identity", identity, persistent=False)

    def weight(self) -> Tensor:
        """Return the single kernel that the branches sum to: (c_out, c_in, 3, 3)."""
        with torch.autocast(self.kernel.device.type, enabled=False):
            merged = torch.einsum("om,mikl->oikl", self.project, self.expand)
            weight = self.kernel + F.pad(self.point, (1, 1, 1, 1)) + merged
            return weight if self.identity is None else weight + self.identity

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with zero padding: (N, c_in, H, W) → (N, c_out, H, W)."""
        return F.conv2d(x, self.weight(), self.bias, padding=1)

    def plain(self) -> nn.Conv2d:
        """Return the equivalent ordinary convolution."""
        c_out, c_in = self.kernel.shape[:2]
        conv = nn.Conv2d(c_in, c_out, 3, padding=1)
        conv.weight = nn.Parameter(self.weight().detach())
        conv.bias = nn.Parameter(self.bias.detach().clone())
        return conv

    @torch.no_grad()
    def take(self, conv: nn.Conv2d) -> None:
        """Take over the function of an ordinary 3×3 convolution of the same shape."""
        self.kernel.add_(conv.weight.to(self.kernel) - self.weight())
        if conv.bias is not None:
            self.bias.copy_(conv.bias)


def _noise(c_out: int, c_in: int, side: int, gain: float) -> Tensor:
    """Draw a kernel that keeps the variance of ReLU features (He et al. 2015), times ``gain``."""
    weight = torch.empty(c_out, c_in, side, side)
    nn.init.kaiming_normal_(weight, nonlinearity="relu")
    return weight * gain
