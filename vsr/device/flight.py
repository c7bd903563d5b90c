"""Upload, compute and download of several frames at once: what waits for what. Pure.

Three lanes (CUDA streams) run at the same time, each in its own order; events order them among one
another. The rules, which tests check on a simulated device under every interleaving:

* an input slot is refilled after its upload was done (the host waits);
* a device slot's input is overwritten after the computation that read it (the upload lane waits);
* a device slot's output is overwritten after its download (the compute lane waits);
* an output slot is lent to the reader and returns once its last reader has released it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from vsr.device.ring import Ring

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
