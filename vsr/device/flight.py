"""Upload, compute and download of several frames at once: what waits for what.

Three lanes (CUDA streams) run at the same time, each in its own order; events order them among one
another. The rules, which tests check on a simulated device under every interleaving:

* an input slot is refilled after its upload was done (the host waits);
* a device slot's input is overwritten after the computation that read it (the upload lane waits);
* a device slot's output is overwritten after its download (the compute lane waits);
* an output slot is lent to the reader and returns once its last reader has released it.

Slots are used again and again: lent with `Ring.take`, given back with `Ring.give`, or
by a `Lease` when the last array that looks into it is gone (an encoder may hold one for a while).

`StreamLane` and `three_lanes` are these lanes on a CUDA device; all else is pure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

Slot = TypeVar("Slot")


class Starved(RuntimeError):
    """Every slot is still lent out after the time allowed."""


class Ring(Generic[Slot]):
    """A fixed set of slots. Thread-safe; giving back is safe inside a finaliser too."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        # SimpleQueue.put is reentrant, which a call from a garbage collector's finaliser needs.
        self._free: SimpleQueue[Slot] = SimpleQueue()
        self.size = 0
        for slot in slots:
            self._free.put(slot)
            self.size += 1
        if self.size == 0:
            raise ValueError("a ring needs at least one slot")

    @property
    def free(self) -> int:
        """How many slots are free now."""
        return self._free.qsize()

    def take(self, timeout_seconds: float | None = None) -> Slot:
        """Wait for a free slot and lend it.

        Raises:
            Starved: none came back within ``timeout_seconds``.
        """
        try:
            return self._free.get(timeout=timeout_seconds)
        except Empty as error:
            raise Starved(
                f"all {self.size} slots are still in use after {timeout_seconds:g} s"
            ) from error

    def give(self, slot: Slot) -> None:
        """Take a slot back; the next `take` may hand it out."""
        self._free.put(slot)


class Lease(Generic[Slot]):
    """Memory of a lent slot as an array; the slot returns when the last view of it is gone.

    numpy collapses chains of views to the array that owns the memory, so watching one view would
    not do. An array made from ``__array_interface__`` keeps this object as its base instead, and
    with it every view of a view.
    """

    def __init__(self, ring: Ring[Slot], slot: Slot, memory: NDArray[Any]) -> None:
        self._ring = ring
        self._slot = slot
        self._memory = memory
        self.__array_interface__ = memory.__array_interface__

    def array(self) -> NDArray[Any]:
        """Return the memory; this array and its views keep the slot lent."""
        return np.asarray(self)

    def __del__(self) -> None:
        self._ring.give(self._slot)


Item = TypeVar("Item")
In = TypeVar("In")
Dev = TypeVar("Dev")
Out = TypeVar("Out")

STARVED_SECONDS = 60.0
"""How long readers may hold all output slots."""


class Event(Protocol):
    """A point in a lane."""

    def synchronize(self) -> None:
        """Block the host until the lane has passed this point."""
        ...


class Lane(Protocol):
    """Work done one after another, without the host."""

    def run(self, work: Callable[[], None]) -> None:
        """Enqueue work."""
        ...

    def record(self) -> Event:
        """Mark the point after all work enqueued so far."""
        ...

    def wait(self, event: Event) -> None:
        """Make all later work wait for a point of another lane; the host does not wait."""
        ...


@dataclass(frozen=True, slots=True)
class Lanes:
    """The three lanes."""

    up: Lane
    run: Lane
    down: Lane


@dataclass(frozen=True, slots=True)
class Operations(Generic[Item, In, Dev, Out]):
    """What is done to the slots; all but ``fill`` only enqueue.

    Attributes:
        fill: copies an item into a host slot.
        upload: copies a host slot into a device slot's input.
        compute: makes a device slot's output from its input; receives the item.
        download: copies a device slot's output into a host slot.
    """

    fill: Callable[[In, Item], None]
    upload: Callable[[In, Dev], None]
    compute: Callable[[Dev, Item], None]
    download: Callable[[Dev, Out], None]


@dataclass(slots=True)
class _Input(Generic[In]):
    slot: In
    uploaded: Event | None = None


@dataclass(slots=True)
class _Device(Generic[Dev]):
    slot: Dev
    computed: Event | None = None
    downloaded: Event | None = None


@dataclass(frozen=True, slots=True)
class InFlight(Generic[Out]):
    """A frame in flight; its output slot is ready once ``done`` has passed."""

    slot: Out
    done: Event


class Flight(Generic[Item, In, Dev, Out]):
    """Keep frames in flight over three lanes; slots are used in turn."""

    def __init__(
        self,
        lanes: Lanes,
        operations: Operations[Item, In, Dev, Out],
        inputs: Sequence[In],
        devices: Sequence[Dev],
        outputs: Ring[Out],
    ) -> None:
        self._lanes = lanes
        self._operations = operations
        self._inputs = [_Input(slot) for slot in inputs]
        self._devices = [_Device(slot) for slot in devices]
        self._outputs = outputs
        self._turn = 0

    def start(self, item: Item) -> InFlight[Out]:
        """Enqueue one frame.

        Raises:
            Starved: the readers hold every output slot.
        """
        source = self._inputs[self._turn % len(self._inputs)]
        device = self._devices[self._turn % len(self._devices)]
        if source.uploaded is not None:
            source.uploaded.synchronize()
        self._operations.fill(source.slot, item)
        output = self._outputs.take(STARVED_SECONDS)
        try:
            self._enqueue(item, source, device, output)
        except BaseException:
            # nothing was enqueued for this slot: the download is the last step, and it records
            self._outputs.give(output)
            raise
        self._turn += 1
        assert device.downloaded is not None
        return InFlight(output, device.downloaded)

    def finish(self, ticket: InFlight[Out]) -> Out:
        """Wait for one frame alone and lend its output slot."""
        ticket.done.synchronize()
        return ticket.slot

    def settle(self) -> None:
        """Wait for everything enqueued: no slot is in use until the next start."""
        for lane in (self._lanes.up, self._lanes.run, self._lanes.down):
            lane.record().synchronize()

    def _enqueue(self, item: Item, source: _Input[In], device: _Device[Dev], output: Out) -> None:
        up, run, down = self._lanes.up, self._lanes.run, self._lanes.down
        if device.computed is not None:
            up.wait(device.computed)
        up.run(lambda: self._operations.upload(source.slot, device.slot))
        source.uploaded = up.record()
        run.wait(source.uploaded)
        if device.downloaded is not None:
            run.wait(device.downloaded)
        run.run(lambda: self._operations.compute(device.slot, item))
        device.computed = run.record()
        down.wait(device.computed)
        down.run(lambda: self._operations.download(device.slot, output))
        device.downloaded = down.record()


def seconds_in(lane: Lane, work: Callable[[], None]) -> float:
    """Run work in an idle lane, wait for it, and return how long it took."""
    started = time.perf_counter()
    lane.run(work)
    lane.record().synchronize()
    return time.perf_counter() - started


class StreamLane:
    """A CUDA stream."""

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self.stream = stream

    def run(self, work: Callable[[], None]) -> None:
        """Enqueue work on this stream."""
        with torch.cuda.stream(self.stream):
            work()

    def record(self) -> torch.cuda.Event:
        """Mark a point; the host waits for it without spinning."""
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call] # torch has no types there
        event.record(self.stream)
        return event

    def wait(self, event: Event) -> None:
        """Let later work of this stream wait for a point of another."""
        if not isinstance(event, torch.cuda.Event):
            raise TypeError(f"a CUDA event is needed, not {type(event).__name__}")
        self.stream.wait_event(event)


def three_lanes(device: torch.device) -> Lanes:
    """Return the upload, compute and download streams of a device."""
    up, run, down = (_lane(device) for _ in range(3))
    return Lanes(up, run, down)


def _lane(device: torch.device) -> StreamLane:
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch has no types there
    return StreamLane(stream)
