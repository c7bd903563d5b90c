"""Ctrl-C in two stages: the first asks a job to stop cleanly, the second stops it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether a first SIGINT or SIGTERM has arrived.

    A second one interrupts at once. On exit the previous handlers are restored.
    """
    wishes: list[int] = []

    def wish(number: int, frame: FrameType | None) -> None:
        del frame
        if wishes:
            raise KeyboardInterrupt
        wishes.append(number)

    before = {number: signal.signal(number, wish) for number in SIGNALS}
    try:
        yield lambda: bool(wishes)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
