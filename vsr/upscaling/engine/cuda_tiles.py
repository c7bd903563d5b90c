"""Reuse of tiles on a device that computes whole pictures in a faster way of its own.

A frame with motion goes that way (a CUDA graph), and nothing of it is kept. When a frame hardly
differs from the previous one, its output is kept; for the next such one, only the changed tiles
are recomputed in it. Whatever is kept is read and written in the compute lane only, which
is in the order of the frames, so no slot and no event is added.

Whether tiles give the same bits, and below what count they are faster, is tried once, when a frame
first hardly differs: a film where everything moves pays only for the comparison on the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from vsr.device.select import is_shortage
from vsr.frames import HostFrame
from vsr.upscaling.engine.cuda_pass import DevicePass
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.upscaling.tiles.tile_cache import DirtyMap, KeptOutput, PlannedFrame, TileCost, TilePlan

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
