"""The memory of frames in flight, static on the device and pinned on the host.

A frame that was not finite in half precision is computed again from it, in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.device.flight import Flight, InFlight, Lanes, Operations, Ring
from vsr.device.memory import empty_pinned
from vsr.device.select import Device
from vsr.frames import HostFrame
from vsr.upscaling.engine.cuda_pass import DevicePass, Packing
from vsr.upscaling.tiles.tile_cache import PlannedFrame

INPUTS = 2
"""Pinned input slots: one is filled while the other is uploaded."""

DEVICES = 2
"""Device slots: one is computed while the other is up- or downloaded."""

DEPTH = 2
"""Frames in flight."""

OUTPUTS = DEPTH + 8
"""Pinned output slots: those in flight, and what queue and encoder may hold."""


@dataclass(slots=True)
class DeviceSlot:
    """Static device memory of one frame, and the graph captured around it.

    Attributes:
        source: the bytes of its decoded planes.
        target: the bytes of its enlarged planes.
        flag: (1,) uint8: 1 if every number was finite.
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
    """Pinned memory that one frame is downloaded to, and its flag."""

    block: NDArray[np.uint8]
    flag: NDArray[np.uint8]

    @classmethod
    def of(cls, way: DevicePass) -> OutputSlot:
        """Allocate what the pass writes."""
        return cls(empty_pinned(way.target.size), empty_pinned(1))


@dataclass(frozen=True, slots=True)
class CudaTicket:
    """A frame in flight."""

    frame: HostFrame
    flight: InFlight[OutputSlot]


def fill(source: Packing, block: NDArray[np.uint8], frame: HostFrame) -> None:
    """Copy the decoded planes of a frame into pinned memory."""
    for own, plane in zip(source.arrays(block), frame.planes, strict=True):
        np.copyto(own, plane)


def upload(block: NDArray[np.uint8], slot: DeviceSlot) -> None:
    """Enqueue the copy of decoded planes to the device."""
    slot.source.copy_(torch.from_numpy(block), non_blocking=True)


def download(slot: DeviceSlot, output: OutputSlot) -> None:
    """Enqueue the copy of enlarged planes, and of their flag, from the device."""
    torch.from_numpy(output.block).copy_(slot.target, non_blocking=True)
    torch.from_numpy(output.flag).copy_(slot.flag, non_blocking=True)


def new_flight(
    way: DevicePass,
    lanes: Lanes,
    slots: Sequence[DeviceSlot],
    outputs: Ring[OutputSlot],
    compute: Callable[[DeviceSlot, PlannedFrame], None],
) -> Flight[PlannedFrame, NDArray[np.uint8], DeviceSlot, OutputSlot]:
    """Return a flight of frames over these slots, with pinned inputs of its own."""

    def filled(block: NDArray[np.uint8], item: PlannedFrame) -> None:
        fill(way.source, block, item.frame)

    inputs = [empty_pinned(way.source.size) for _ in range(INPUTS)]
    operations = Operations(filled, upload, compute, download)
    return Flight(lanes, operations, inputs, slots, outputs)


@dataclass(slots=True)
class Float32Redo:
    """Recomputes whole frames, each in memory of its own, and reports it once.

    Attributes:
        say: called when the first frame is redone.
    """

    device: Device
    say: Callable[[str], None]
    _has_said: bool = field(default=False, init=False)

    def into(self, output: OutputSlot, frame: HostFrame, full: DevicePass) -> None:
        """Compute a frame by the pass ``full`` into an output slot, and wait for it."""
        if not self._has_said:
            self._has_said = True
            self.say(
                f"{self.device.precision} overflowed at pts {frame.pts}: "
                "such frames are redone in fp32."
            )
        slot = DeviceSlot.of(full, self.device.torch_device)
        block = np.empty(full.source.size, np.uint8)
        fill(full.source, block, frame)
        upload(block, slot)
        slot.compute(full)
        download(slot, output)
        if self.device.is_cuda:
            torch.cuda.current_stream(self.device.torch_device).synchronize()
