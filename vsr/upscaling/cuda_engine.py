"""The engine on a CUDA device: three streams, pinned rings, half precision, one graph per slot.

The autocast path is the reference. A CUDA graph of it is captured once per device slot, checked
against it, and dropped where it differs. A frame that was not finite in half precision is redone in
float32; when memory runs out, graphs are freed and tiles become smaller. Each is said once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vsr.device.flight import Flight, InFlight, Work
from vsr.device.pinned import empty_pinned
from vsr.device.ring import Lease, Ring
from vsr.device.select import Device
from vsr.device.streams import StreamLane, three_lanes
from vsr.errors import OutOfDeviceMemory
from vsr.frames import HostFrame
from vsr.specs import Size
from vsr.upscaling.device_pass import DevicePass, Run, autocast_run, cast_run
from vsr.upscaling.exchange import check_frame, host_frame
from vsr.upscaling.passes import Pass, PassSpec
from vsr.upscaling.routes import route
from vsr.upscaling.tiling import smaller, windows

if TYPE_CHECKING:
    from vsr.models.catalog import Model

INPUTS = 2
"""Pinned input slots: one is filled while the other is uploaded."""

DEVICES = 2
"""Device slots: one is computed while the other is up- or downloaded."""

DEPTH = 2
"""Frames in flight."""

OUTPUTS = DEPTH + 8
"""Pinned output slots: those in flight, and what queue and encoder may hold."""

T = TypeVar("T")

GRAPH_TOLERANCE = 2
"""How far, in 8-bit codes, a graph may be from autocast: the rounding of half precision."""

WARM_UPS = 3
"""Runs before a capture: cuDNN chooses its kernels in them."""


@dataclass(slots=True)
class DeviceSlot:
    """Static device memory of one picture, and the graph captured around it."""

    source: Tensor
    target: Tensor
    flag: Tensor
    graph: torch.cuda.CUDAGraph | None = None


@dataclass(frozen=True, slots=True)
class OutputSlot:
    """Pinned memory that one picture is downloaded to, and its flag."""

    block: NDArray[np.uint8]
    flag: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A frame in flight."""

    frame: HostFrame
    flight: InFlight[OutputSlot]


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
        self._ring = Ring(self._output_slot() for _ in range(OUTPUTS))
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
        engine._retrying(engine._capture_all)
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
        self._slots = [self._device_slot() for _ in range(DEVICES)]
        inputs = [empty_pinned(self._pass.source.size) for _ in range(INPUTS)]
        work = Work(self._fill, self._upload, self._compute, self._download)
        return Flight(self._lanes, work, inputs, self._slots, self._ring)

    def _device_slot(self) -> DeviceSlot:
        where: dict[str, Any] = {"dtype": torch.uint8, "device": self._device.torch_device}
        return DeviceSlot(
            torch.zeros(self._pass.source.size, **where),
            torch.zeros(self._pass.target.size, **where),
            torch.ones(1, **where),
        )

    def _output_slot(self) -> OutputSlot:
        return OutputSlot(empty_pinned(self._pass.target.size), empty_pinned(1))

    def _fill(self, block: NDArray[np.uint8], frame: HostFrame) -> None:
        for own, plane in zip(self._pass.source.arrays(block), frame.planes, strict=True):
            np.copyto(own, plane)

    def _upload(self, block: NDArray[np.uint8], slot: DeviceSlot) -> None:
        slot.source.copy_(torch.from_numpy(block), non_blocking=True)

    def _compute(self, slot: DeviceSlot) -> None:
        if slot.graph is not None:
            slot.graph.replay()
        else:
            self._pass(slot.source, slot.target, slot.flag)

    def _download(self, slot: DeviceSlot, output: OutputSlot) -> None:
        torch.from_numpy(output.block).copy_(slot.target, non_blocking=True)
        torch.from_numpy(output.flag).copy_(slot.flag, non_blocking=True)

    def _redo_in_float32(self, frame: HostFrame, output: OutputSlot) -> None:
        """Compute one frame again, whole, in float32, and wait for it."""
        if not self._has_said_redo:
            self._has_said_redo = True
            self._say(
                f"{self._device.precision} overflowed at pts {frame.pts}: "
                "such frames are redone in fp32."
            )
        slot, block = self._device_slot(), np.empty(self._pass.source.size, np.uint8)
        self._fill(block, frame)
        self._upload(block, slot)
        assert self._net is not None
        full = self._new_pass(autocast_run(self._net, torch.float32))
        full(slot.source, slot.target, slot.flag)
        self._download(slot, output)
        torch.cuda.current_stream(self._device.torch_device).synchronize()

    def _capture_all(self) -> None:
        """Capture a graph per slot; keep them only where they compute what autocast does."""
        lane = self._lanes.run
        assert isinstance(lane, StreamLane)
        fast = self._new_pass(self._cast) if self._cast is not None else self._pass
        for slot in self._slots:
            slot.source.random_(0, 256)
            torch.cuda.synchronize(self._device.torch_device)
            lane.run(lambda slot=slot: self._pass(slot.source, slot.target, slot.flag))  # type: ignore[misc] # bound at once
            lane.stream.synchronize()
            expected = self._codes(slot)
            try:
                slot.graph = _captured(fast, slot, lane)
            except torch.cuda.OutOfMemoryError:
                raise
            except RuntimeError as error:
                self._say(f"no CUDA graph ({str(error).splitlines()[0]}): launching one by one.")
                self._drop_graphs()
                return
            lane.run(slot.graph.replay)
            lane.stream.synchronize()
            if not self._is_close(expected, self._codes(slot)):
                self._say("the CUDA graph differs from autocast: launching one by one.")
                self._drop_graphs()
                return

    def _codes(self, slot: DeviceSlot) -> list[Tensor]:
        return [plane.to(torch.int32) for plane in self._pass.target.tensors(slot.target)]

    def _is_close(self, one: list[Tensor], other: list[Tensor]) -> bool:
        """Return whether codes agree but for the rounding of half precision."""
        unit = 1 << (self.spec.output_format.layout.bits - 8)
        return all(
            bool(((a - b).abs() <= GRAPH_TOLERANCE * unit).all())
            for a, b in zip(one, other, strict=True)
        )

    def _drop_graphs(self) -> None:
        for slot in self._slots:
            slot.graph = None

    def _retrying(self, work: Callable[[], T]) -> T:
        """Do the work; while memory runs out, free graphs, halve the tiles, and do it again."""
        while True:
            try:
                return work()
            except torch.cuda.OutOfMemoryError as error:
                torch.cuda.synchronize(self._device.torch_device)
                self._drop_graphs()
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


def _captured(fast: DevicePass, slot: DeviceSlot, lane: StreamLane) -> torch.cuda.CUDAGraph:
    def warm_up() -> None:
        for _ in range(WARM_UPS):
            fast(slot.source, slot.target, slot.flag)

    lane.run(warm_up)
    lane.stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    # thread_local: a decoder thread may pin memory meanwhile
    with torch.cuda.graph(graph, stream=lane.stream, capture_error_mode="thread_local"):
        fast(slot.source, slot.target, slot.flag)
    return graph
