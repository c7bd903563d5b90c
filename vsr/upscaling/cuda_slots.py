"""The memory of pictures in flight: static on the device, pinned on the host."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.device.pinned import empty_pinned
from vsr.upscaling.device_pass import DevicePass


@dataclass(slots=True)
class DeviceSlot:
    """Static device memory of one picture, and the graph captured around it.

    Attributes:
        source: the bytes of its decoded planes.
        target: the bytes of its enlarged planes.
        flag: (1,) uint8: 1 where every number was finite.
    """

    source: Tensor
    target: Tensor
    flag: Tensor
    graph: torch.cuda.CUDAGraph | None = None

    @classmethod
    def of(cls, way: DevicePass, device: torch.device) -> DeviceSlot:
        """Allocate what the pass reads and writes."""

        def zeros(count: int) -> Tensor:
            return torch.zeros(count, dtype=torch.uint8, device=device)

        return cls(zeros(way.source.size), zeros(way.target.size), zeros(1) + 1)

    def compute(self, way: DevicePass) -> None:
        """Run a pass on this memory, eagerly."""
        way(self.source, self.target, self.flag)


@dataclass(frozen=True, slots=True)
class OutputSlot:
    """Pinned memory that one picture is downloaded to, and its flag."""

    block: NDArray[np.uint8]
    flag: NDArray[np.uint8]

    @classmethod
    def of(cls, way: DevicePass) -> OutputSlot:
        """Allocate what the pass writes."""
        return cls(empty_pinned(way.target.size), empty_pinned(1))
