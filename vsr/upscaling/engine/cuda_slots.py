"""The memory of frames in flight, static on the device and pinned on the host; reuse of its tiles.

A frame that was not finite in half precision is computed again from it, in float32.

A frame with motion is computed whole, in the device's own way (a CUDA graph), and nothing of it is
kept. When a frame hardly differs from the previous one, its output is kept; for the next such one,
only the changed tiles are recomputed in it. Whatever is kept is read and written in the compute
lane only, which is in the order of the frames, so no slot and no event is added.

Whether tiles give the same bits, and below what count they are faster, is tried once, when a frame
first hardly differs: a film where everything moves pays only for the comparison on the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.device.failures import is_shortage
from vsr.device.flight import Flight, InFlight, Lanes, Operations, Ring
from vsr.device.memory import empty_pinned
from vsr.device.select import Device
from vsr.frames import HostFrame
from vsr.upscaling.engine.cuda_pass import DevicePass, Packing
from vsr.upscaling.tiles.tile_cache import DirtyMap, KeptOutput, PlannedFrame, TileCost, TilePlan

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


TRIALS = 3
"""How often each way is timed; the shortest counts."""


class DeviceTiles:
    """Plans each frame when it is started, and computes it as planned.

    Args:
        way: from bytes to bytes; the kept output stands in its middle.
        whole: the device's own way.
        open_kept: makes the kept output; it may capture graphs.
        idle_slot: waits for everything in flight and returns a slot.
        seconds: runs work in the compute lane and returns how long it took.
        is_on: if False, every frame is computed whole.

    Attributes:
        reused: how many tiles reused the output of the previous frame.
    """

    def __init__(
        self,
        way: DevicePass,
        changes: DirtyMap,
        whole: Callable[[DeviceSlot], None],
        open_kept: Callable[[], KeptOutput],
        idle_slot: Callable[[], DeviceSlot],
        seconds: Callable[[Callable[[], None]], float],
        *,
        is_on: bool = True,
    ) -> None:
        self.reused = 0
        self._way = way
        self._changes = changes
        self._whole = whole
        self._open_kept = open_kept
        self._idle_slot = idle_slot
        self._seconds = seconds
        self._is_on = is_on
        self._kept: KeptOutput | None = None
        self._cost: TileCost | None = None
        self._was_kept = False

    @contextmanager
    def planned(self, frame: HostFrame) -> Iterator[PlannedFrame]:
        """Plan the next picture for the block, which starts it.

        Frames must be computed in the order in which they were planned. If the block fails, the
        next one reuses nothing.
        """
        try:
            plan = self._plan(frame)
            yield PlannedFrame(frame, plan)
        except BaseException:
            self._changes.forget()
            self._was_kept = False
            raise
        self.reused += plan.reused

    def compute(self, slot: DeviceSlot, item: PlannedFrame) -> None:
        """Compute a picture as planned; in the compute lane."""
        self._compute(slot, item.plan)

    def give_up(self) -> bool:
        """Compute every frame whole from now on; return whether that frees memory."""
        held, self._kept, self._cost = self._kept is not None, None, None
        self._is_on = False
        return held

    def _plan(self, frame: HostFrame) -> TilePlan:
        if not self._is_on:
            return TilePlan()
        dirty = self._changes.changed(frame)
        if dirty is None or not self._is_worth(len(dirty)):
            self._was_kept = False
            return TilePlan()
        if not self._was_kept:
            self._was_kept = True
            return TilePlan(keeps=True)
        return TilePlan(True, dirty, len(self._changes.windows) - len(dirty))

    def _compute(self, slot: DeviceSlot, plan: TilePlan) -> None:
        kept, dirty = self._kept, plan.dirty
        if not plan.keeps:
            self._whole(slot)
            return
        assert kept is not None  # giving up waited for everything planned before
        if dirty is None:
            slot.compute(self._way.with_kept(kept.replace))
        else:
            slot.compute(self._way.with_kept(lambda picture: kept.update(picture, dirty)))

    def _is_worth(self, count: int) -> bool:
        if self._cost is None:
            try:
                self._cost = self._tried(self._idle_slot())
            except RuntimeError as error:
                if not is_shortage(error):
                    raise
                self._idle_slot()  # enqueued work may still use the memory that is released
            if self._cost is None:
                self.give_up()
        return self._cost is not None and self._cost.is_worth(count)

    def _tried(self, slot: DeviceSlot) -> TileCost | None:
        """Return the time of each way, or None if tiles give different bits."""
        self._kept = kept = self._open_kept()
        tiles = self._changes.windows
        answers: list[bool] = []
        self._seconds(lambda: answers.append(self._is_exact(kept, slot)))
        if not all(answers):
            return None

        def shortest(work: Callable[[], None]) -> float:
            return min(self._seconds(work) for _ in range(TRIALS))

        return TileCost(
            whole=shortest(lambda: self._whole(slot)),
            one_tile=shortest(lambda: self._compute(slot, TilePlan(True, tiles[:1]))),
            all_tiles=shortest(lambda: self._compute(slot, TilePlan(True, tiles))),
            tiles=len(tiles),
        )

    def _is_exact(self, kept: KeptOutput, slot: DeviceSlot) -> bool:
        """Return whether every way gives the same bits: in the network's numbers, and in codes."""
        tiles, numbers = self._changes.windows, []

        def trial(picture: Tensor) -> Tensor:
            numbers.append(kept.is_exact(picture, tiles))
            return kept.replace(picture)

        self._way.fill_randomly(slot.source)
        slot.compute(self._way.with_kept(trial))
        self._way.fill_randomly(slot.source)  # shows up tiles that were not written
        codes = []
        for plan in (TilePlan(True, tiles), TilePlan(True), TilePlan()):
            self._compute(slot, plan)
            codes.append(slot.target.clone())
        return all(numbers) and all(torch.equal(one, codes[-1]) for one in codes)
