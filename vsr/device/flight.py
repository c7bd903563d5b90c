"""Upload, compute and download of several frames at once: what waits for what.

Three lanes (CUDA streams) run at the same time, each in its own order; events order them among one
another. The rules, which tests check on a simulated device under every interleaving:

* a slot, which is memory of one item on the host and on the device, is used again after its
  download was done (the host waits), so that with three of them three items are under way;
* an output is lent to the reader and returns once its last reader has released it.

Slots are used again and again: lent with `Ring.take`, given back with `Ring.give`, or
by a `Lease` when the last array that looks into it is gone (an encoder may hold one for a while).

`StreamLane` and `three_lanes` are these lanes on a CUDA device; all else is pure.
"""

from __future__ import annotations

from collections import deque
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
Out = TypeVar("Out")

STARVED_SECONDS = 60.0
"""How long readers may hold all outputs."""


class Event(Protocol):
    """A point in a lane."""

    def synchronize(self) -> None:
        """Block the host until the lane has passed this point."""


class Lane(Protocol):
    """Work done one after another, without the host."""

    def run(self, work: Callable[[], None]) -> None:
        """Enqueue work."""

    def record(self) -> Event:
        """Mark the point after all work enqueued so far."""

    def wait(self, event: Event) -> None:
        """Make all later work wait for a point of another lane; the host does not wait."""


class Hold(Protocol):
    """A slot: memory of one item, on the host and on the device. All but `fill` only enqueue."""

    def fill(self, item: Any, /) -> None:
        """Copy an item into the host's memory."""

    def upload(self) -> None:
        """Copy that to the device."""

    def compute(self) -> None:
        """Make the result, on the device."""

    def download(self, output: Any, /) -> None:
        """Copy the result into an output."""


@dataclass(frozen=True, slots=True)
class InFlight(Generic[Item, Out]):
    """An item in flight; its output is ready once ``done`` has passed."""

    item: Item
    output: Out
    done: Event


class Flight(Generic[Item, Out]):
    """Keep items in flight over three lanes: upload, compute, download; slots are used in turn."""

    def __init__(self, lanes: Sequence[Lane], slots: Iterable[Hold], outputs: Ring[Out]) -> None:
        self._lanes = lanes
        self._outputs = outputs
        self._turns = deque[tuple[Hold, Event | None]]((slot, None) for slot in slots)

    def start(self, item: Item) -> InFlight[Item, Out]:
        """Enqueue one item.

        Raises:
            Starved: the readers hold every output.
        """
        slot, downloaded = self._turns[0]
        if downloaded is not None:
            downloaded.synchronize()
        slot.fill(item)
        output = self._outputs.take(STARVED_SECONDS)
        try:
            done = self._enqueue(slot, output)
        except BaseException:
            # nothing was enqueued for this output: the download is the last step, and it records
            self._outputs.give(output)
            raise
        self._turns.append((slot, done))
        self._turns.popleft()
        return InFlight(item, output, done)

    def finish(self, ticket: InFlight[Item, Out]) -> Out:
        """Wait for one item alone and lend its output."""
        ticket.done.synchronize()
        return ticket.output

    def _enqueue(self, slot: Hold, output: Out) -> Event:
        up, run, down = self._lanes
        up.run(slot.upload)
        run.wait(up.record())
        run.run(slot.compute)
        down.wait(run.record())
        down.run(lambda: slot.download(output))
        return down.record()


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


def three_lanes(device: torch.device) -> Sequence[Lane]:
    """Return the upload, compute and download streams of a device."""
    make: Callable[[torch.device], torch.cuda.Stream] = torch.cuda.Stream
    return [StreamLane(make(device)) for _ in range(3)]
