"""What the rest of the program has to know about a network, derived from its modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vsr.errors import InvalidOption

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vsr.models.blocks import Channels, Generator

PROBE_SIDE = 8
"""The side of the image that is sent through a network to see its layers in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The properties of a generator.

    Attributes:
        architecture: the family that its checkpoint is recognised as.
        scale: output side ÷ input side.
        colour: ``rgb`` has three channels in and out, ``luma`` one.
        radius: how many low-resolution pixels away an input can still change an output; 0 if there
            is no end to it.
        is_global: any pixel may change any other, so that tiles are approximate.
        multiple: side of the cells on which tiles have to begin (`vsr.models.blocks.Generator`).
        has_linear_tail: the output is linear in the last features and is not clamped.
        parameters: how many numbers are learnt.
        macs_per_pixel: multiply-accumulates for each low-resolution pixel.
    """

    architecture: str
    scale: int
    colour: Channels
    radius: int
    has_linear_tail: bool
    multiple: int = 1
    is_global: bool = False
    parameters: int = 0
    macs_per_pixel: int = 0

    def __post_init__(self) -> None:
        if self.scale < 1 or self.radius < 0:
            raise InvalidOption(f"a network of scale {self.scale} and radius {self.radius}.")


def traits_of(net: Generator) -> Traits:
    """Derive the traits of ``net`` from its modules, by one tiny forward pass.

    Those of a network that others wrote were measured when it was read.
    """
    if (measured := getattr(net, "traits", None)) is not None:
        assert isinstance(measured, Traits)
        return measured
    layers = _layers_in_order(net)
    return Traits(
        architecture=net.architecture,
        scale=net.scale,
        colour=net.colour,
        radius=_radius(net, layers),
        multiple=net.multiple,
        has_linear_tail=net.has_linear_tail,
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        macs_per_pixel=sum(_macs(module, output) for module, output in layers) // PROBE_SIDE**2,
    )


def _layers_in_order(net: Generator) -> list[tuple[nn.Module, Tensor]]:
    """Return what moves or mixes pixels, with its outputs, as it is executed."""
    import torch
    from torch import nn

    layers: list[tuple[nn.Module, Tensor]] = []

    def note(module: nn.Module, _: Any, output: Tensor) -> None:
        layers.append((module, output))

    kinds = (nn.Conv2d, nn.PixelShuffle, nn.PixelUnshuffle, nn.Upsample)
    hooks = [m.register_forward_hook(note) for m in net.modules() if isinstance(m, kinds)]
    was_training = net.training
    net.eval()  # a batch of one must not update the statistics of batch norm
    try:
        parameter = next(net.parameters())
        channels = 3 if net.colour == "rgb" else 1
        with torch.no_grad():
            net(parameter.new_zeros(1, channels, PROBE_SIDE, PROBE_SIDE))
    finally:
        net.train(was_training)
        for hook in hooks:
            hook.remove()
    return layers


def _radius(net: Generator, layers: list[tuple[nn.Module, Tensor]]) -> int:
    """Return the longest reach of an input pixel, of any place in a cell of the network.

    Every convolution is counted, which is the longest path: skips only shorten the others.
    """
    reaches = []
    for place in range(net.multiple):
        first, last = _seen(place * net.scale, (place + 1) * net.scale - 1, layers)
        reaches.append(max(place - first, last - place))
    return max(reaches)


def _seen(first: int, last: int, layers: list[tuple[nn.Module, Tensor]]) -> tuple[int, int]:
    """Walk the output pixels first … last back to the first and last input that reaches them."""
    from torch import nn

    for module, _ in reversed(layers):
        if isinstance(module, (nn.PixelShuffle, nn.Upsample)):
            factor = _factor(module)
            first, last = first // factor, last // factor
        elif isinstance(module, nn.PixelUnshuffle):
            factor = module.downscale_factor
            first, last = first * factor, last * factor + factor - 1
        elif isinstance(module, nn.Conv2d):
            reach = module.dilation[0] * (module.kernel_size[0] - 1) // 2
            first, last = first - reach, last + reach
    return first, last


def _factor(module: nn.PixelShuffle | nn.Upsample) -> int:
    """Return how many pixels along a side this makes of one.

    Raises:
        ValueError: it mixes neighbours, or resizes by a fraction: no whole number says how far.
    """
    from torch import nn

    if isinstance(module, nn.PixelShuffle):
        return module.upscale_factor
    factor = module.scale_factor
    if module.mode != "nearest" or not isinstance(factor, (int, float)) or factor % 1:
        raise ValueError(f"{module}: only enlarging by repeating has a known reach")
    return int(factor)


def _macs(module: nn.Module, output: Tensor) -> int:
    from torch import nn

    if not isinstance(module, nn.Conv2d):
        return 0
    taps = module.kernel_size[0] * module.kernel_size[1]
    return output.numel() * (module.in_channels // module.groups) * taps
