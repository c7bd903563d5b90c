"""Ends a process whose work makes no progress: a library that is stuck in it never returns."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from vsr.batch.engine import STALLED
from vsr.errors import Failed
from vsr.jobs.ending import Leave

LEAST_SECONDS = 300.0
"""A run is not ended before this long without progress."""

TIMES_SLOWEST = 20
"""A run is not ended before this many times the slowest step, seen or expected, without progress.
"""

TICK_SECONDS = 1.0


class Idleness:
    """Counts the time without progress, in ticks; time in which the process slept is not counted.

    Attributes:
        seconds: since the last step.
        limit_seconds: what counts as stuck.
    """

    def __init__(self, expected_seconds: float = 0.0) -> None:
        self.seconds = 0.0
        self._slowest = expected_seconds
        self._before: float | None = None

    @property
    def limit_seconds(self) -> float:
        """What counts as stuck."""
        return max(LEAST_SECONDS, TIMES_SLOWEST * self._slowest)

    def step(self) -> None:
        """Count a step: a decoded frame, a tile, a packet."""
        self._slowest, self.seconds = max(self._slowest, self.seconds), 0.0

    def tick(self, now: float) -> bool:
        """Add the time since the last tick; return whether it is stuck.

        A tick that comes late by more than its own length has been suspended, as a laptop is.
        """
        if self._before is not None:
            self.seconds += min(now - self._before, 2 * TICK_SECONDS)
        self._before = now
        return self.seconds > self.limit_seconds


LOAD_SECONDS, LOAD_BYTES = 3.0, 1_000_000
"""What a process computes, reads and writes in five minutes while it is at work, at least; and does
not while it waits for ever, and only this is counted."""


def process_load() -> object:
    """Return a value that changes while this process works, in what counts no steps.

    Where the system does not say what it reads, every value is another.
    """
    try:
        counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
        moved = int(counts["rchar"]) + int(counts["wchar"])
    except (OSError, ValueError, KeyError):
        return object()
    return time.process_time() // LOAD_SECONDS, moved // LOAD_BYTES


RESUME = "What is finished is kept: run the same command again to resume."
RESUME_OTHERWISE = f"{RESUME[:-1]}, with another --codec if it stops there again."


class Watchdog:
    """Watches work in this process, and leaves it once there is no progress any more.

    Args:
        leave: ends the process.
    """

    def __init__(self, leave: Leave) -> None:
        self._leave = leave
        self._idleness: Idleness | None = None

    @contextmanager
    def watching(
        self,
        what: str,
        expected_seconds: float = 0.0,
        sample: Callable[[], object] = lambda: None,
        advice: str = RESUME_OTHERWISE,
    ) -> Iterator[None]:
        """Watch while the ``with`` lasts.

        Args:
            what: is done, for the message, such as ``in.mp4: encoding``.
            expected_seconds: of one step.
            sample: a value that changes while there is progress, beside `step`.
            advice: what to do then, a sentence.
        """
        idleness = self._idleness = Idleness(expected_seconds)
        done = threading.Event()
        thread = threading.Thread(
            target=self._watch, args=(what, idleness, sample, done, advice), daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            self._idleness = None
            done.set()
            thread.join()

    def step(self) -> None:
        """Count a step."""
        if self._idleness is not None:
            self._idleness.step()

    def _watch(
        self,
        what: str,
        idleness: Idleness,
        sample: Callable[[], object],
        done: threading.Event,
        advice: str,
    ) -> None:
        last = sample()
        while not done.wait(TICK_SECONDS):
            if (now := sample()) != last:
                last = now
                idleness.step()
            if idleness.tick(time.monotonic()):
                self._leave(
                    f"{what} made no progress for {idleness.seconds:.0f} s and was ended. {advice}",
                    Failed.exit_code,
                )
                return


def watchdog_of_worker() -> Watchdog:
    """Return what ends a worker's process, to be sent there; its driver fails the task."""
    return Watchdog(_leave_stalled)


def _leave_stalled(text: str, code: int) -> NoReturn:
    del text, code
    os._exit(STALLED)
