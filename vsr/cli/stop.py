"""Ctrl-C in two stages: the first asks a job to stop at a good place, the second stops it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Yield a question, "should I stop?", that a first SIGINT or SIGTERM answers with yes.

    A second one interrupts at once. Outside, the signals mean what they meant before.
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
