"""The engine on a CUDA device: three streams, pinned rings, half precision, one graph per slot.

The autocast path is the reference. A CUDA graph of it is captured once per device slot, checked
against it, and dropped where it differs. A frame that was not finite in half precision is redone in
float32; when memory runs out, graphs are freed and tiles become smaller. Each is said once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vsr.device.flight import Flight, Work
from vsr.device.pinned import empty_pinned
from vsr.device.ring import Lease, Ring
from vsr.device.select import Device
from vsr.device.streams import StreamLane, three_lanes
from vsr.errors import OutOfDeviceMemory
from vsr.frames import HostFrame
from vsr.specs import Size
from vsr.upscaling.cuda_graphs import capture_all, drop_all
from vsr.upscaling.cuda_slots import (
    DEPTH,
    DEVICES,
    INPUTS,
    OUTPUTS,
    DeviceSlot,
    OutputSlot,
    Ticket,
    download,
    fill,
    upload,
)
from vsr.upscaling.device_pass import DevicePass, Run, autocast_run, cast_run
from vsr.upscaling.exchange import check_frame, host_frame
from vsr.upscaling.passes import Pass, PassSpec
from vsr.upscaling.routes import route
from vsr.upscaling.tiling import smaller, windows

if TYPE_CHECKING:
    from vsr.models.catalog import Model

T = TypeVar("T")


class CudaEngine:
    """Enlarge frames on a CUDA device. Start, finish and close from one thread."""

    depth = DEPTH
    reused_tiles = 0

    def __init__(
        self,
        spec: PassSpec,
        device: Device,
        way: Pass,
        net: nn.Module | None,
        core: Size,
        radius: int,
        say: Callable[[str], None],
    ) -> None:
        self.spec = spec
        self._device = device
        self._way = way
        self._net = net
        self._core = core
        self._radius = radius
        self._say = say
        self._has_said_redo = self._has_said_tiles = False
        self._lanes = three_lanes(device.torch_device)
        self._pass = self._new_pass(autocast_run(net, device.torch_dtype) if net else None)
        self._cast = cast_run(net, device.torch_dtype) if net else None
        self._ring = Ring(OutputSlot.of(self._pass) for _ in range(OUTPUTS))
        self._slots: list[DeviceSlot] = []
        self._flight = self._new_flight()

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
        """Move the network to the device, allocate the rings, capture the graphs.

        Raises:
            OutOfDeviceMemory: not even the smallest tile fits.
        """
        way, net = route(model, spec, is_dense=True)
        radius = 0
        if model is not None and net is not None:
            # the model's own network stays where it is
            net = copy.deepcopy(net).to(device.torch_device)
            net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # a stub gap
            radius = model.traits.radius
        core = Size(tile, tile) if tile is not None else spec.source
        engine = cls(spec, device, way, net, core, radius, say)
        engine._retrying(engine._capture)
        return engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the device and let go of graphs, network and memory."""
        torch.cuda.synchronize(self._device.torch_device)
        self._slots.clear()
        self._net = None

    def start(self, frame: HostFrame) -> Ticket:
        """Enqueue a frame.

        Raises:
            Failed: the frame is of another size or layout than the engine was opened for.
            OutOfDeviceMemory: not even the smallest tile fits.
        """
        check_frame(frame, self.spec)
        return Ticket(frame, self._retrying(lambda: self._flight.start(frame)))

    def finish(self, ticket: Ticket) -> HostFrame:
        """Wait for that frame alone; its planes give their slot back when the last view is gone."""
        slot = self._flight.finish(ticket.flight)
        if not slot.flag[0]:
            self._redo_in_float32(ticket.frame, slot)
        block = Lease(self._ring, slot, slot.block).array()
        return host_frame(ticket.frame, self._pass.target.arrays(block), self.spec)

    def _new_pass(self, run: Run | None) -> DevicePass:
        tiles = windows(self.spec.source, self._core, self._radius)
        return DevicePass(self.spec, self._way, run, tiles)

    def _new_flight(self) -> Flight[HostFrame, NDArray[np.uint8], DeviceSlot, OutputSlot]:
        self._slots = [self._new_slot() for _ in range(DEVICES)]
        inputs = [empty_pinned(self._pass.source.size) for _ in range(INPUTS)]
        work = Work(partial(fill, self._pass.source), upload, self._compute, download)
        return Flight(self._lanes, work, inputs, self._slots, self._ring)

    def _new_slot(self) -> DeviceSlot:
        return DeviceSlot.of(self._pass, self._device.torch_device)

    def _compute(self, slot: DeviceSlot) -> None:
        if slot.graph is not None:
            slot.graph.replay()
        else:
            slot.compute(self._pass)

    def _redo_in_float32(self, frame: HostFrame, output: OutputSlot) -> None:
        """Compute one frame again, whole, in float32, and wait for it."""
        if not self._has_said_redo:
            self._has_said_redo = True
            self._say(
                f"{self._device.precision} overflowed at pts {frame.pts}: "
                "such frames are redone in fp32."
            )
        slot, block = self._new_slot(), np.empty(self._pass.source.size, np.uint8)
        fill(self._pass.source, block, frame)
        upload(block, slot)
        assert self._net is not None
        full = self._new_pass(autocast_run(self._net, torch.float32))
        slot.compute(full)
        download(slot, output)
        torch.cuda.current_stream(self._device.torch_device).synchronize()

    def _capture(self) -> None:
        """Capture a graph of the fast way per slot; it is checked against the reference."""
        lane = self._lanes.run
        assert isinstance(lane, StreamLane)
        fast = self._new_pass(self._cast) if self._cast is not None else self._pass
        capture_all(self._slots, self._pass, fast, lane, self._say)

    def _retrying(self, work: Callable[[], T]) -> T:
        """Do the work; while memory runs out, free graphs, halve the tiles, and do it again."""
        while True:
            try:
                return work()
            except torch.cuda.OutOfMemoryError as error:
                torch.cuda.synchronize(self._device.torch_device)
                drop_all(self._slots)
                torch.cuda.empty_cache()
                core = smaller(self._core)
                if core is None or self._net is None:
                    raise OutOfDeviceMemory(
                        f"{self._device}: not even tiles of {self._core} fit. "
                        "Close other programs, or choose a smaller model or --device cpu."
                    ) from error
                self._core = core
                self._pass = self._new_pass(autocast_run(self._net, self._device.torch_dtype))
                if not self._has_said_tiles:
                    self._has_said_tiles = True
                    self._say(f"{self._device.name} is out of memory: going on in smaller tiles.")
