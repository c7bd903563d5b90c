"""Small networks and frames that the tests of upscaling share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import YuvFormat
from vsr.frames import HostFrame, Layout
from vsr.models.blocks import Generator
from vsr.models.catalog import Model
from vsr.models.plain import Compact, Plain
from vsr.models.rrdb import RRDB
from vsr.models.srgan import DPSRGAN, SRGAN, SwiftSRGAN
from vsr.models.traits import traits_of
from vsr.upscaling.passes.passes import PassSpec
from vsr.values import Size

SIZE = Size(40, 28)
BT709 = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=Siting.LEFT)


class Nearest(Generator):
    """Repeats each pixel: the identity of upscaling, with a radius of 0."""

    architecture = "nearest"
    has_linear_tail = True

    def __init__(self, scale: int, colour: str = "rgb") -> None:
        super().__init__()
        self.scale, self.colour = scale, colour
        self.conv = nn.Conv2d(*([3 if colour == "rgb" else 1] * 2), 1, bias=False)
        nn.init.dirac_(self.conv.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)


class Shifted(Nearest):
    """Mixes each pixel with others up to two away: exact in any order, as each sum has one term."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        self.up, self.left = (nn.Conv2d(3, 3, 3, padding=1, bias=False) for _ in range(2))
        for conv, (row, column) in ((self.up, (0, 1)), (self.left, (2, 0))):
            nn.init.zeros_(conv.weight)
            for channel in range(3):
                conv.weight.data[channel, channel, row, column] = 1.0

    def forward(self, x: Tensor) -> Tensor:
        up = self.up(x)
        return super().forward(x * 0.5 + up * 0.3 + self.left(up) * 0.2)


def model_of(net: Generator | None, scale: int = 2) -> Model:
    from vsr.models.catalog import load

    if net is None:
        return load("bicubic", scale)
    net = net.eval().requires_grad_(False)
    return Model(name="toy", net=net, traits=traits_of(net))


def plain(scale: int = 2, colour: str = "rgb", channels: int = 8, depth: int = 2) -> Plain:
    torch.manual_seed(1)
    return Plain(scale, channels, depth, colour)


def compact(scale: int = 2, colour: str = "rgb", depth: int = 2) -> Compact:
    """A small compact network with slopes of its own for each channel."""
    torch.manual_seed(5)
    return scrambled(Compact(scale, 8, depth, colour))


def swift(scale: int = 2) -> SwiftSRGAN:
    """A small SwiftSRGAN whose batch norms and slopes are not the identity."""
    torch.manual_seed(2)
    net = SwiftSRGAN(scale, channels=8, depth=2)
    return scrambled(net)


def srgan(scale: int = 2) -> SRGAN:
    """A small SRGAN, as `swift`."""
    torch.manual_seed(3)
    return scrambled(SRGAN(scale, channels=8, depth=2))


def dpsrgan(scale: int = 2) -> DPSRGAN:
    """A small DPSRGAN, as `swift`."""
    torch.manual_seed(4)
    return scrambled(DPSRGAN(scale, channels=8, depth=2))


def rrdb(multiple: int = 1, depth: int = 1) -> RRDB:
    """A small network of ESRGAN's kind: ×4, or less on cells of several pixels."""
    torch.manual_seed(6)
    return RRDB(2, multiple, channels=4, growth=2, depth=depth).eval().requires_grad_(False)


def scrambled(net: Generator) -> Generator:
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.4, 0.6)
    return net.eval().requires_grad_(False)


def frame(size: Size = SIZE, layout: Layout = Layout(), pts: int = 0, seed: int = 0) -> HostFrame:
    """A frame of smooth noise, its codes off the clipping ends."""
    rng = np.random.default_rng(seed)
    unit = 1 << (layout.bits - 8)
    planes = []
    for shape in layout.plane_shapes(size):
        codes = rng.integers(60 * unit, 190 * unit, shape)
        codes = (codes + np.roll(codes, 1, 0) + np.roll(codes, 1, 1)) // 3
        planes.append(codes.astype(layout.dtype))
    return HostFrame(planes=tuple(planes), pts=pts, layout=layout, colour=BT709)


def pass_spec(
    size: Size = SIZE,
    scale: int = 2,
    layout: Layout = Layout(),
    output: Size | None = None,
    output_layout: Layout | None = None,
    colour: Colour = BT709,
) -> PassSpec:
    return PassSpec(
        source=size,
        source_format=YuvFormat(layout, colour),
        output=output or size.scaled(scale),
        output_format=YuvFormat(output_layout or layout, colour),
        scale=scale,
    )


TOYS = {
    "folded": lambda: plain(2),
    "luma": lambda: plain(2, "luma"),
    "compact": compact,
    "swift": swift,
    "srgan": srgan,
    "dpsrgan": dpsrgan,
    "rrdb": lambda: rrdb(2),
}
"""One network of each kind that the passes treat in their own way, by name."""
