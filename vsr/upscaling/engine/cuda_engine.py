"""The engine on a CUDA device: three streams, pinned memory, half precision, one graph per slot.

Frames are computed in one form, which is chosen when the engine is opened: what is faster than
autocast and agrees with it (`vsr.upscaling.engine.cuda_trial`). Graphs give the bits of that form:
a frame is the same with them and without. A frame that was not finite in half precision is redone
in float32; when memory runs out, tiles become smaller, and graphs are captured anew. Each is
reported once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Self, TypeVar

import torch

from vsr.closing import Closing
from vsr.device.failures import is_shortage, reported
from vsr.device.flight import Flight, InFlight, Lease, Ring, three_lanes
from vsr.device.select import Device
from vsr.errors import Failed
from vsr.frames import HostFrame
from vsr.upscaling.engine.cuda_graphs import capture_all, drop_all
from vsr.upscaling.engine.cuda_network import DeviceNetwork
from vsr.upscaling.engine.cuda_slots import DEPTH, OUTPUTS, SLOTS, DeviceSlot, Output
from vsr.upscaling.passes.passes import PassSpec

if TYPE_CHECKING:
    from vsr.models.catalog import Model

T = TypeVar("T")
Ticket = InFlight[HostFrame, Output]


class CudaEngine(Closing):
    """Enlarge frames on a CUDA device. Start, finish and close from one thread."""

    depth = DEPTH
    reused_tiles = 0
    """None: a graph computes a frame in less time than the host compares it with another."""

    def __init__(
        self, spec: PassSpec, device: Device, network: DeviceNetwork, say: Callable[[str], None]
    ) -> None:
        self.spec = spec
        self._device = device
        self._network = network
        self._say = cache(say)  # each remark once
        self._is_ready = self._has_no_graphs = self._is_closed = False
        self._lanes = three_lanes(device.torch_device)
        where = device.torch_device
        self._slots = [DeviceSlot(lambda: network.way, where) for _ in range(SLOTS)]
        self._outputs = Ring(Output.of(network.way, where) for _ in range(OUTPUTS))
        self._flight = Flight[HostFrame, Output](self._lanes, self._slots, self._outputs)

    @property
    def path(self) -> str:
        """How the next frame is computed: all that its bits depend on beside the plan."""
        return self._network.path

    @classmethod
    def open(
        cls,
        model: Model | None,
        device: Device,
        spec: PassSpec,
        *,
        tile: int | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """Move the network to the device, allocate all memory, choose the form, capture graphs.

        Raises:
            OutOfDeviceMemory: not even the smallest tile fits.
            DeviceLost: the device reported another error.
        """
        with reported(device):
            engine = cls(spec, device, DeviceNetwork.open(model, device, spec, tile), say)
            engine._retrying(lambda: None)
            return engine

    def close(self) -> None:
        """Wait for the device and release graphs and memory."""
        with suppress(RuntimeError):  # a device that is gone has nothing to wait for
            torch.cuda.synchronize(self._device.torch_device)
        drop_all(self._slots)  # whoever still holds the engine holds no memory of graphs
        self._is_closed = True

    def start(self, frame: HostFrame) -> Ticket:
        """Enqueue a frame.

        Raises:
            Failed: the frame is of another size or layout than the engine was opened for, or it is
                closed.
            OutOfDeviceMemory, DeviceLost: as `open`.
        """
        self.spec.check(frame)
        if self._is_closed:  # without its graphs it would compute on, and nobody wait for it
            raise Failed(f"the frame at pts {frame.pts} came after its engine was closed.")
        with reported(self._device):
            return self._retrying(lambda: self._flight.start(frame))

    def finish(self, ticket: Ticket) -> HostFrame:
        """Wait for that frame only; its memory returns with the last view of its planes."""
        with reported(self._device):
            output = self._flight.finish(ticket)
            if not output.flag[0]:
                self._redo(ticket.item, output)
        block = Lease(self._outputs, output, output.block).array()
        return self.spec.enlarged(ticket.item, self._network.way.target.arrays(block))

    def _redo(self, frame: HostFrame, output: Output) -> None:
        """Compute a frame again, in float32 and in memory of its own; wait for it."""
        self._say(f"{self._device.precision} overflowed: such frames are redone in fp32.")

        def again() -> None:
            slot = DeviceSlot(self._network.full, self._device.torch_device)
            slot.fill(frame)
            slot.upload()
            slot.compute()
            slot.download(output)
            torch.cuda.synchronize(self._device.torch_device)

        self._retrying(again)

    def _get_ready(self) -> None:
        """Choose the form, once, and capture its graphs, unless there are."""
        if self._is_ready:
            return
        lane = self._lanes[1]
        lane.run(lambda: self._network.choose(self._slots[0], self._say))
        lane.record().synchronize()
        if not self._has_no_graphs and (problem := capture_all(self._slots, lane)):
            self._say(problem)
            self._has_no_graphs = True
        self._is_ready = True

    def _retrying(self, work: Callable[[], T]) -> T:
        """Do the work once all is ready; while memory runs out, make room and repeat it."""
        while True:
            try:
                self._get_ready()
                return work()
            except RuntimeError as error:
                if not is_shortage(error):
                    raise
                self._make_room(error)

    def _make_room(self, error: RuntimeError) -> None:
        """Halve the tiles where they can be, or go without graphs; raise if both was done."""
        torch.cuda.synchronize(self._device.torch_device)
        drop_all(self._slots)
        if self._network.shrink():
            self._is_ready, how = False, "continuing with smaller tiles"
        elif not self._has_no_graphs:
            self._has_no_graphs, how = True, "launching kernels one by one"
        else:
            raise error
        torch.cuda.empty_cache()
        self._say(f"{self._device.name} is out of memory: {how}.")
