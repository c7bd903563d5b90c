"""The engine without workers: this process runs each task itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from vsr.batch.engine import Ended, OpenWorker, Told, Worker


class InlineEngine:
    """One worker: the caller."""

    size = 1

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._next: tuple[int, Any] | None = None

    @property
    def free(self) -> int:
        """1 until a task is started."""
        return int(self._next is None)

    def start(self, ticket: int, task: Any) -> None:
        """Keep the task for `wait`."""
        self._next = (ticket, task)

    def wait(self, told: Told) -> list[Ended]:
        """Do the task."""
        if self._next is None:
            return []
        (ticket, task), self._next = self._next, None
        try:
            value = self._worker.do(task, lambda tick: told(ticket, tick))
        except Exception as error:  # a bad file, however bad, must not stop the rest
            return [Ended(ticket=ticket, error=error)]
        return [Ended(ticket=ticket, value=value)]


@contextmanager
def open_inline(open_worker: OpenWorker) -> Iterator[InlineEngine]:
    """Open the worker for as long as the ``with`` lasts."""
    with closing(open_worker()) as worker:
        yield InlineEngine(worker)
