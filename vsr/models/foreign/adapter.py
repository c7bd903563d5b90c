"""One adapter for every architecture of spandrel: its descriptor as a network of this program.

What a descriptor says is tried, not trusted, and half precision too: RCAN multiplies its input in
place, some refuse the memory order that they are given, and a DRCT of ×4 was taken for ×1.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.errors import InvalidCheckpoint
from vsr.models.blocks import LARGEST_SCALE, Channels, Generator
from vsr.models.foreign.library import library
from vsr.models.traits import Traits

Tensors = dict[str, Tensor]

Call = Callable[[Any, Tensor], Any]
"""Runs a module on a picture: most architectures are called as they are, some are not."""

TRIAL_SIDE = 24
"""The least side of the picture of the first trial."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What an architecture requires of the sides of a picture.

    Attributes:
        minimum: the least side.
        multiple: what both have to be a multiple of.
    """

    minimum: int
    multiple: int

    def __call__(self, side: int) -> int:
        """Return the least side that is allowed and at least this long."""
        return -(-max(side, self.minimum) // self.multiple) * self.multiple


class Foreign(Generator):
    """A network that others wrote: (N, C, H, W) in [0, 1] → (N, C, scale·H, scale·W), not clamped.

    The picture is copied, completed by repeating its last row and column where the architecture
    asks for other sides, and the result cropped.

    Args:
        inner: the network itself, in eval mode.
        call: how it is run.
        architecture: as spandrel names it.
        colour: what it reads and writes.
        sides: which sides it takes.

    Attributes:
        sha256: of its file; empty if it comes from none.
        traits: what was measured of it (`vsr.models.foreign.facts`).
    """

    has_linear_tail = False

    def __init__(
        self, inner: nn.Module, call: Call, architecture: str, colour: Channels, sides: Sides
    ) -> None:
        super().__init__()
        self.inner = inner
        self.call = call
        self.architecture, self.colour, self.sides = architecture, colour, sides
        self.scale, self.multiple = 1, sides.multiple
        self.takes_channels_last = False
        self.sha256 = ""
        self.traits: Traits | None = None

    @property
    def channels(self) -> int:
        """How many channels a picture has."""
        return 3 if self.colour == "rgb" else 1

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge a copy of the picture."""
        height, width = (int(side) for side in x.shape[-2:])
        tall, wide = self.sides(height), self.sides(width)
        if (tall, wide) == (height, width):
            enlarged: Tensor = self.call(self.inner, self._ordered(x.clone()))
            return enlarged
        own = F.pad(x, (0, wide - width, 0, tall - height), mode="replicate")
        # the sides as plain numbers, or a trace for ONNX loses them in the padding
        own = own.view(*x.shape[:2], tall, wide)
        enlarged = self.call(self.inner, self._ordered(own))
        return enlarged[:, :, : height * self.scale, : width * self.scale]

    def _ordered(self, x: Tensor) -> Tensor:
        return x if self.takes_channels_last else x.contiguous()


def foreign_of(tensors: Tensors, where: str) -> Foreign | None:
    """Build the network that spandrel recognises; None if it knows none, or is not there.

    `try_out` has to see it before it is used.

    Args:
        tensors: as our own reader returned them: spandrel's loader, which runs code, is not used.
        where: the file's name, for messages.

    Raises:
        InvalidCheckpoint: spandrel knows it, but it does not enlarge whole images, its tensors do
            not fit.
    """
    module = library().module
    if module is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of foreign code: nothing a user can fix
            found = module.MAIN_REGISTRY.load(dict(tensors))
    except module.UnsupportedModelError:
        return None
    except Exception as error:  # an architecture reads shapes, and fails on foreign ones in any way
        raise InvalidCheckpoint(
            f"{where}: does not fit the architecture it resembles: {short(error)}"
        ) from error
    return _adapted(found, where)


def _adapted(found: Any, where: str) -> Foreign:
    """Return a descriptor as a network, if it enlarges whole images."""
    name = found.architecture.name
    if reason := _unsuited(found):
        raise InvalidCheckpoint(f"{where}: {name}: {reason}. Choose one that enlarges images.")
    sides = Sides(found.size_requirements.minimum, found.size_requirements.multiple_of)
    colour: Channels = "rgb" if found.input_channels == 3 else "luma"
    net = Foreign(found.model, found._call_fn, name, colour, sides)
    return net.eval().requires_grad_(False)


def _unsuited(found: Any) -> str:
    """Return why a descriptor is of no use here; an empty text if it is."""
    if found.purpose == "Inpainting":
        return "it fills in what a mask covers"
    if found.purpose == "FaceSR":
        return "it restores faces only"
    if found.size_requirements.square:
        return "it takes square images only"
    channels = (found.input_channels, found.output_channels)
    if channels not in ((3, 3), (1, 1)):
        return f"{channels[0]} channels in and {channels[1]} out, where RGB or gray is wanted"
    return ""


def try_out(net: Foreign, where: str) -> None:
    """Run a network on a drawn picture, and note its real scale and memory order.

    Raises:
        InvalidCheckpoint: it fails, or its output is not finite, or no enlarged image.
    """
    height, width = (net.sides(side) for side in (TRIAL_SIDE, TRIAL_SIDE + 8))
    picture = drawn(net.channels, height, width)
    try:
        with torch.inference_mode():
            output = net.call(net.inner, picture.clone())
    except Exception as error:  # foreign code, which may raise anything
        raise InvalidCheckpoint(f"{where}: {net.architecture} fails: {short(error)}") from error
    net.scale = _scale_of(output, picture, f"{where}: {net.architecture}")
    if not torch.isfinite(output).all():
        raise InvalidCheckpoint(
            f"{where}: {net.architecture}: its output is not finite: training went wrong."
        )
    net.takes_channels_last = _takes_channels_last(net, picture, output)


def _scale_of(output: object, picture: Tensor, what: str) -> int:
    """Return output side ÷ input side, if that is one whole number."""
    if not isinstance(output, Tensor) or output.ndim != 4 or output.shape[1] != picture.shape[1]:
        raise InvalidCheckpoint(f"{what}: its output is no image of {picture.shape[1]} channels.")
    (height, width), (before, across) = output.shape[2:], picture.shape[2:]
    scale, rest = divmod(height, before)
    if rest or width != across * scale or not 1 <= scale <= LARGEST_SCALE:
        raise InvalidCheckpoint(
            f"{what}: makes {width}×{height} of {across}×{before}: no whole scale from 1 to "
            f"{LARGEST_SCALE}."
        )
    return scale


def _takes_channels_last(net: Foreign, picture: Tensor, expected: Tensor) -> bool:
    """Return whether it computes the same of a picture whose channels lie together."""
    given = picture.clone(memory_format=torch.channels_last)
    try:
        with torch.inference_mode():
            apart = (net.call(net.inner, given) - expected).abs().max()
    except Exception:  # `view` of another memory order, for one
        return False
    return bool(apart <= SAME * expected.abs().max())


SAME = 1e-4
"""How far two ways may be apart, of the largest value: sums in another order, in float32."""


def drawn(channels: int, height: int, width: int) -> Tensor:
    """Return a picture (1, C, H, W) in [0, 1] of edges, waves and noise; the same each time."""
    rows = torch.linspace(0, 1, height)[:, None] * height
    columns = torch.linspace(0, 1, width)[None] * width
    planes = []
    for number in range(channels):
        waves = torch.sin(rows / (3 + number)) * torch.cos(columns / (5 - number)) * 0.2
        edges = ((rows + columns * (number + 1)) % 19 < 8).float() * 0.3
        planes.append(0.35 + waves + edges)
    noise = torch.rand(channels, height, width, generator=torch.Generator().manual_seed(1))
    return (torch.stack(planes) + 0.05 * noise).clamp(0, 1)[None]


def short(error: Exception) -> str:
    """Return an error of foreign code on one line."""
    return (" ".join(str(error).split()) or type(error).__name__)[:300]


SIDE = 32
"""The side of the image of the trial."""

MOST = 4 / 255
"""How far any sample may be off in the trial: four codes of eight bits."""

USUAL = 1 / 255
"""How far all but `SELDOM` of the samples may be off: one code."""

SELDOM = 1e-2
"""The share of samples that may be off by more than `USUAL`."""


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
