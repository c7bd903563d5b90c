"""Work that overlaps: tickets in flight, in order, and iterators in threads of their own.

`double_buffered` is pure: no device, no thread, no tensor. ``start`` begins the work on an item and
returns a ticket; ``finish`` waits for that ticket alone. Between the two the device works on its
own, so with ``depth`` tickets in flight upload, compute, download and the caller overlap. Whatever
the depth, the result is that of ``map``. A repeated frame needs no ticket (`Reuse`).

Decode, compute and encode overlap through `prefetch`, behind bounded queues. Rejected: asyncio
(every stage blocks in C code that drops the GIL) and queues without a stop flag (a producer blocked
in ``put`` outlives its consumer).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

from vsr.frames import HostFrame

Item = TypeVar("Item")
Ticket = TypeVar("Ticket")
Result = TypeVar("Result")


def double_buffered(
    items: Iterable[Item],
    start: Callable[[Item], Ticket],
    finish: Callable[[Ticket], Result],
    depth: int,
) -> Iterator[Result]:
    """Yield ``finish(start(item))`` for each item, in order, with ``depth`` of them in flight.

    An error in ``items`` or ``start`` is raised after all earlier results were delivered, as
    ``map`` would. On early close, interruption or an error in ``finish``, each ticket still in
    flight is finished exactly once and its result dropped.

    Raises:
        ValueError: depth below 1.
    """
    if depth < 1:
        raise ValueError(f"depth {depth} must be at least 1")
    return _in_flight(items, start, finish, depth)


def _in_flight(
    items: Iterable[Item],
    start: Callable[[Item], Ticket],
    finish: Callable[[Ticket], Result],
    depth: int,
) -> Iterator[Result]:
    pending: deque[Ticket] = deque()
    source = iter(items)
    failure: Exception | None = None
    try:
        while True:
            try:
                pending.append(start(next(source)))
            except StopIteration:
                break
            except Exception as error:  # raised again below, in map's order
                failure = error
                break
            if len(pending) == depth:
                yield finish(pending.popleft())
        while pending:
            yield finish(pending.popleft())
    finally:
        _drop_all(pending, finish)
        close = getattr(source, "close", None)
        if close is not None:
            close()
    if failure is not None:
        raise failure


def _drop_all(pending: deque[Ticket], finish: Callable[[Ticket], object]) -> None:
    """Finish each ticket and drop its result; then raise the first error."""
    failure: Exception | None = None
    while pending:
        try:
            finish(pending.popleft())
        except Exception as error:  # the others must be released first
            failure = failure or error
    if failure is not None:
        raise failure


_POLL_SECONDS = 0.05
"""How long a blocked put or get waits before it looks at the other side."""


@dataclass(frozen=True, slots=True)
class _Produced(Generic[Item]):
    item: Item


@dataclass(frozen=True, slots=True)
class _Ended:
    error: BaseException | None = None


def prefetch(
    items: Iterable[Item], depth: int, name: str = "vsr-prefetch"
) -> Generator[Item, None, None]:
    """Yield ``items`` in order, up to ``depth`` of them made ahead by a thread.

    The thread starts with the first item asked for. An error in ``items`` is raised here after
    the items before it, with its own traceback. Closing this generator (also by an error or
    Ctrl-C in its consumer, with ``contextlib.closing``) stops the thread, closes ``items`` in
    that thread and waits for it: no thread is left.

    Raises:
        ValueError: depth below 1.
    """
    if depth < 1:
        raise ValueError(f"depth {depth} must be at least 1")
    return _prefetched(items, depth, name)


def _prefetched(items: Iterable[Item], depth: int, name: str) -> Generator[Item, None, None]:
    queue: Queue[_Produced[Item] | _Ended] = Queue(maxsize=depth)
    stop = threading.Event()
    thread = threading.Thread(target=_produce, args=(items, queue, stop), name=name, daemon=True)
    thread.start()
    try:
        while True:
            message = _get(queue, thread)
            if isinstance(message, _Ended):
                if message.error is not None:
                    raise message.error
                return
            yield message.item
            del message  # or a frame would be held while the next one is awaited
    finally:
        stop.set()
        thread.join()


def _get(
    queue: Queue[_Produced[Item] | _Ended], thread: threading.Thread
) -> _Produced[Item] | _Ended:
    """Wait for a message; a thread that died without one counts as ended."""
    while True:
        try:
            return queue.get(timeout=_POLL_SECONDS)
        except Empty:
            if not thread.is_alive() and queue.empty():
                return _Ended(RuntimeError(f"thread {thread.name} ended without a result"))


def _produce(
    items: Iterable[Item], queue: Queue[_Produced[Item] | _Ended], stop: threading.Event
) -> None:
    """Move items into the queue until they end, fail, or ``stop`` is set."""
    error: BaseException | None = None
    source: Iterator[Item] | None = None
    try:
        source = iter(items)
        for item in source:
            if not _put(queue, _Produced(item), stop):
                break
    except BaseException as raised:  # handed to the consumer, whatever it is
        error = raised
    try:
        close = getattr(source, "close", None)
        if close is not None:
            close()
    except BaseException as raised:  # handed to the consumer as well
        error = error or raised
    _put(queue, _Ended(error), stop)


def _put(
    queue: Queue[_Produced[Item] | _Ended],
    message: _Produced[Item] | _Ended,
    stop: threading.Event,
) -> bool:
    """Put a message unless ``stop`` is set; return whether it was put."""
    while not stop.is_set():
        try:
            queue.put(message, timeout=_POLL_SECONDS)
        except Full:
            continue
        return True
    return False


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReuseTicket(Generic[T]):
    """A ticket of the engine, or None for a repeated frame."""

    frame: HostFrame
    ticket: T | None


class Reuse(Generic[T]):
    """Wrap an engine's ``start`` and ``finish``; frames must be finished in the order started.

    Attributes:
        reused: how many frames that are wanted reused the output of the previous one.
    """

    def __init__(self, start: Callable[[HostFrame], T], finish: Callable[[T], HostFrame]) -> None:
        self.reused = 0
        self._start = start
        self._finish = finish
        self._last_in: HostFrame | None = None
        self._last_out: HostFrame | None = None

    def start(self, frame: HostFrame) -> ReuseTicket[T]:
        """Start the frame, unless it equals the previous one bit for bit."""
        if self._last_in is not None and self._last_in.has_equal_planes(frame):
            self.reused += not frame.extras.is_context
            return ReuseTicket(frame, None)
        ticket = self._start(frame)
        self._last_in = frame
        return ReuseTicket(frame, ticket)

    def finish(self, begun: ReuseTicket[T]) -> HostFrame:
        """Return the enlarged frame; a repeated one shares its planes with the previous one."""
        if begun.ticket is not None:
            self._last_out = self._finish(begun.ticket)
            return self._last_out
        pixels = self._last_out
        if pixels is None:
            raise ValueError("a repeated frame was finished before the one that it repeats")
        return begun.frame.with_pixels(pixels.planes, pixels.layout, pixels.colour)
