"""Order and lifetime of work in flight, pure: no device, no thread, no tensor.

``start`` begins the work on an item and returns a ticket; ``finish`` waits for that ticket alone.
Between the two the device works on its own, so with ``depth`` tickets in flight upload, compute,
download and the caller overlap. Whatever the depth, the result is that of ``map``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

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
