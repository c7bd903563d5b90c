"""A worker as it lives inside a Ray cluster."""

from __future__ import annotations

from typing import Any

from vsr.batch.engine import DeviceClass, OpenWorker, Worker
from vsr.batch.local import portable


class Actor:
    """A worker inside the cluster. Two of its methods run at once: `do`, and `tick` beside it."""

    def __init__(self, open_worker: OpenWorker) -> None:
        self._told: list[Any] = []
        self._worker: Worker | None = None
        self._error: Exception | None = None
        try:
            self._worker = open_worker()
        except Exception as error:  # raised here, Ray would start the actor anew for ever
            self._error = portable(error)

    def describe(self) -> tuple[DeviceClass | None, Exception | None]:
        """Say on what it computes, or why it cannot."""
        return (self._worker.describe() if self._worker else None), self._error

    def do(self, task: Any) -> tuple[Any, Exception | None]:
        """Do a task; return what it gave, or why it failed."""
        self._told = []
        assert self._worker is not None
        try:
            return self._worker.do(task, self._told.append), None
        except Exception as error:  # a bad file, in whatever way, must not stop the rest
            return None, portable(error)

    def ticks(self) -> list[Any]:
        """Return what the running task has told since the last question."""
        told, count = self._told, len(self._told)
        taken, self._told[:count] = told[:count], []
        return taken
