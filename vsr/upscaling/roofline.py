"""The minimum cost of a frame: operations and bytes, set against a device's ceilings.

Each convolution is counted separately: it reads its input and weights and writes its output, and
takes the longer of computing and moving. Batch norm, activations, additions and pixel shuffles
count as fused into their neighbours. An engine that keeps features on the chip from one
convolution to the next can be faster than this.

Source: Williams, Waterman, Patterson, "Roofline", CACM 52(4), 2009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vsr.device.ceilings import Ceilings
from vsr.specs import Size

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vsr.models.catalog import Model

PROBE_SIDE = 16
"""The side of the image that is sent through a network to see its layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one convolution does for one frame; a multiply-accumulate is two operations."""

    operations: float
    bytes_moved: float

    def seconds(self, ceilings: Ceilings) -> float:
        """Return the minimum time that this takes."""
        return max(
            self.operations / ceilings.operations_per_second,
            self.bytes_moved / ceilings.bytes_per_second,
        )


def costs_of(model: Model, source: Size, bytes_per_value: int) -> tuple[Cost, ...]:
    """Return the cost of each convolution for a frame of that size; none for ``bicubic``."""
    import torch

    if model.net is None:
        return ()
    frames_per_probe = source.pixels / PROBE_SIDE**2
    costs: list[Cost] = []

    def note(conv: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        costs.append(_cost(conv, inputs[0], output, frames_per_probe, bytes_per_value))

    convs: list[Any] = [m for m in model.net.modules() if isinstance(m, torch.nn.Conv2d)]
    hooks = [conv.register_forward_hook(note) for conv in convs]
    channels = 3 if model.traits.colour == "rgb" else 1
    try:
        with torch.inference_mode():
            model.net(torch.zeros(1, channels, PROBE_SIDE, PROBE_SIDE))
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(costs)


def _cost(
    conv: nn.Conv2d, taken: Tensor, given: Tensor, frames_per_probe: float, bytes_per_value: int
) -> Cost:
    weights = conv.weight.numel()
    macs = given.numel() * weights // conv.out_channels
    values = (taken.numel() + given.numel()) * frames_per_probe + weights
    return Cost(operations=2 * macs * frames_per_probe, bytes_moved=values * bytes_per_value)
