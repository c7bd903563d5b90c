"""The memory of a frame in flight: pinned on the host; on the device static, as graphs need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from vsr.device.memory import empty_pinned
from vsr.frames import HostFrame
from vsr.upscaling.engine.cuda_pass import DevicePass

SLOTS = DEPTH = 3
"""Frames in flight, each in a slot: one uploaded, one computed, one downloaded."""

OUTPUTS = DEPTH + 8
"""Pinned memory of finished frames: those in flight, and what queue and encoder may hold."""


@dataclass(frozen=True, slots=True)
class Output:
    """Pinned memory that one frame is downloaded to, and its flag."""

    block: NDArray[np.uint8]
    flag: NDArray[np.uint8]

    @classmethod
    def of(cls, way: DevicePass, device: torch.device) -> Self:
        """Allocate what the pass writes."""
        return cls(empty_pinned(way.target.size, device), empty_pinned(1, device))


class DeviceSlot:
    """Memory of one frame, and the graph captured around it.

    Attributes:
        given: the bytes of its decoded planes, on the host, and
        source: on the device.
        target: the bytes of its enlarged planes.
        flag: (1,) uint8: 1 if every number was finite.
        graph: of the pass on this memory, or None.
    """

    def __init__(self, way: Callable[[], DevicePass], device: torch.device) -> None:
        """Allocate what a pass reads and writes.

        Args:
            way: returns the pass to run now.
        """
        self.way = way
        self.given = empty_pinned(way().source.size, device)
        self.source, self.target, self.flag = (
            torch.zeros(size, dtype=torch.uint8, device=device)
            for size in (way().source.size, way().target.size, 1)
        )
        self.graph: torch.cuda.CUDAGraph | None = None

    def fill(self, frame: HostFrame) -> None:
        """Copy the decoded planes of a frame into pinned memory."""
        for own, plane in zip(self.way().source.arrays(self.given), frame.planes, strict=True):
            np.copyto(own, plane)

    def upload(self) -> None:
        """Enqueue the copy of decoded planes to the device."""
        self.source.copy_(torch.from_numpy(self.given), non_blocking=True)

    def compute(self) -> None:
        """Enqueue the pass: its graph, or kernel by kernel."""
        if self.graph is not None:
            self.graph.replay()
        else:
            self.way()(self.source, self.target, self.flag)

    def download(self, output: Output) -> None:
        """Enqueue the copy of enlarged planes, and of their flag, from the device."""
        torch.from_numpy(output.block).copy_(self.target, non_blocking=True)
        torch.from_numpy(output.flag).copy_(self.flag, non_blocking=True)
