"""Run an iterator in a thread of its own, behind a bounded queue.

Decode, compute and encode overlap through it: ``prefetch(reader.frames(), depth=4)``. Rejected:
asyncio (every stage blocks in C code that drops the GIL) and queues without a stop flag (a
producer blocked in ``put`` outlives its consumer).
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

Item = TypeVar("Item")

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
