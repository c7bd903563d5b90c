"""The engine on a CUDA device: three streams, pinned rings, half precision, one graph per slot.

The autocast path is the reference. A CUDA graph of it is captured once per device slot, checked
against it, and dropped if it differs. Still tiles are reused from the previous frame
(`vsr.upscaling.engine.cuda_slots`). A frame that was not finite in half precision is redone in
float32; when memory runs out, graphs are freed and tiles become smaller. Each is reported once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

import torch

from vsr.closing import Closing
from vsr.device.failures import is_shortage, no_room, reported
from vsr.device.flight import InFlight, Lease, Ring, seconds_in, three_lanes
from vsr.device.select import Device
from vsr.frames import HostFrame
from vsr.upscaling.engine.cuda_network import DeviceNetwork, capture_all, drop_all
from vsr.upscaling.engine.cuda_slots import (
    DEPTH,
    DEVICES,
    OUTPUTS,
    CudaTicket,
    DeviceSlot,
    DeviceTiles,
    Float32Redo,
    OutputSlot,
    new_flight,
)
from vsr.upscaling.passes.passes import PassSpec
from vsr.upscaling.tiles.tile_cache import KeptOutput

if TYPE_CHECKING:
    from vsr.models.catalog import Model

T = TypeVar("T")


class CudaEngine(Closing):
    """Enlarge frames on a CUDA device. Start, finish and close from one thread."""

    depth = DEPTH

    def __init__(
        self,
        spec: PassSpec,
        device: Device,
        network: DeviceNetwork,
        say: Callable[[str], None],
        *,
        remembers: bool = True,
    ) -> None:
        self.spec = spec
        self._device = device
        self._network = network
        self._say = say
        self._has_said_tiles = False
        self._redo = Float32Redo(device, say)
        self._lanes = three_lanes(device.torch_device)
        self._ring = Ring(OutputSlot.of(network.reference) for _ in range(OUTPUTS))
        way, where = network.reference, device.torch_device
        self._slots = [DeviceSlot.of(way, where) for _ in range(DEVICES)]
        self._tiles = self._new_tiles(is_on=remembers and network.can_keep)
        self._flight = new_flight(way, self._lanes, self._slots, self._ring, self._tiles.compute)

    @property
    def reused_tiles(self) -> int:
        """How many tiles reused the output of the previous frame."""
        return self._tiles.reused

    @classmethod
    def open(
        cls,
        model: Model | None,
        device: Device,
        spec: PassSpec,
        *,
        tile: int | None = None,
        remembers: bool = True,
        say: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """Move the network to the device, allocate the rings, capture the graphs.

        Args:
            remembers: reuse the unchanged tiles of the previous frame.

        Raises:
            OutOfDeviceMemory: not even the smallest tile fits.
            DeviceLost: the device reported another error.
        """
        with reported(device):
            try:
                network = DeviceNetwork.open(model, device, spec, tile)
                engine = cls(spec, device, network, say, remembers=remembers)
            except RuntimeError as error:
                if not is_shortage(error):
                    raise
                raise no_room(device, "not even the network and one frame fit") from error
            engine._retrying(engine._capture)
        return engine

    def close(self) -> None:
        """Wait for the device and release graphs and memory."""
        with suppress(RuntimeError):  # a device that is gone has nothing to wait for
            torch.cuda.synchronize(self._device.torch_device)
        drop_all(self._slots)  # whoever still holds the engine holds no memory of graphs
        self._tiles.give_up()

    def start(self, frame: HostFrame) -> CudaTicket:
        """Enqueue a frame.

        Raises:
            Failed: the frame is of another size or layout than the engine was opened for.
            OutOfDeviceMemory: not even the smallest tile fits.
            DeviceLost: the device reported another error.
        """
        self.spec.check(frame)
        with reported(self._device):
            return CudaTicket(frame, self._retrying(lambda: self._begun(frame)))

    def finish(self, ticket: CudaTicket) -> HostFrame:
        """Wait for that frame only; its slot returns with the last view of its planes."""
        with reported(self._device):
            slot = self._flight.finish(ticket.flight)
            if not slot.flag[0]:
                self._retrying(lambda: self._redo.into(slot, ticket.frame, self._network.full()))
        block = Lease(self._ring, slot, slot.block).array()
        return self.spec.enlarged(ticket.frame, self._network.reference.target.arrays(block))

    def _new_tiles(self, *, is_on: bool) -> DeviceTiles:
        network, lane = self._network, self._lanes.run
        changes = network.changes()

        def kept() -> KeptOutput:
            # whole frames are computed this way too
            return network.kept(changes, lane, is_fast=self._slots[0].graph is not None)

        def idle_slot() -> DeviceSlot:
            self._flight.settle()
            return self._slots[0]

        seconds = partial(seconds_in, lane)
        return DeviceTiles(
            network.reference, changes, self._compute_whole, kept, idle_slot, seconds, is_on=is_on
        )

    def _begun(self, frame: HostFrame) -> InFlight[OutputSlot]:
        with self._tiles.planned(frame) as item:
            return self._flight.start(item)

    def _compute_whole(self, slot: DeviceSlot) -> None:
        if slot.graph is not None:
            slot.graph.replay()
        else:
            slot.compute(self._network.reference)

    def _capture(self) -> None:
        """Capture a graph of the fast way per slot; it is checked against the reference."""
        network = self._network
        capture_all(self._slots, network.reference, network.fast(), self._lanes.run, self._say)

    def _retrying(self, work: Callable[[], T]) -> T:
        """Do the work; while memory runs out, free kept outputs, then graphs, and halve tiles."""
        while True:
            try:
                return work()
            except RuntimeError as error:
                if not is_shortage(error):
                    raise
                torch.cuda.synchronize(self._device.torch_device)
                if not self._tiles.give_up():
                    self._shrink(error)
                torch.cuda.empty_cache()

    def _shrink(self, error: Exception) -> None:
        drop_all(self._slots)
        if not self._network.shrink():
            raise no_room(self._device, f"not even tiles of {self._network.core} fit") from error
        if not self._has_said_tiles:
            self._has_said_tiles = True
            self._say(f"{self._device.name} is out of memory: continuing with smaller tiles.")
