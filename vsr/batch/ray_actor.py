"""A worker inside a Ray cluster."""

from __future__ import annotations

from typing import Any

from vsr.batch.engine import DeviceClass, OpenWorker, Worker
from vsr.batch.local import portable


class Actor:
    """A worker inside the cluster. Two of its methods run concurrently: `do` and `ticks`."""

    def __init__(self, open_worker: OpenWorker) -> None:
        self._told: list[Any] = []
        self._worker: Worker | None = None
        self._error: Exception | None = None
        try:
            self._worker = open_worker()
        except Exception as error:  # if raised here, Ray would restart the actor forever
            self._error = portable(error)

    def describe(self) -> tuple[DeviceClass | None, Exception | None]:
        """Return what it computes on, or why it cannot."""
        return (self._worker.describe() if self._worker else None), self._error

    def do(self, task: Any) -> tuple[Any, Exception | None]:
        """Run a task; return its result, or why it failed."""
        self._told = []
        assert self._worker is not None
        try:
            return self._worker.do(task, self._told.append), None
        except Exception as error:  # a bad file, however bad, must not stop the rest
            return None, portable(error)

    def ticks(self) -> list[Any]:
        """Return the progress reports of the running task since the last call."""
        told, count = self._told, len(self._told)
        taken, self._told[:count] = told[:count], []
        return taken
