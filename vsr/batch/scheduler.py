"""Pieces of work made of tasks, and which task comes next on an engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Any, Protocol

from vsr.batch.engine import Ended, WorkerPool

RETRIES = 3
"""How often a task may lose its worker before it is given up on."""


class Task(Protocol):
    """Something to do: a plain value that can be sent to a worker."""

    @property
    def urgency(self) -> int:
        """Smaller is sooner."""
        ...


class Piece(Protocol):
    """A piece of work made of tasks, such as a film. It lives in the driver."""

    @property
    def weight(self) -> float:
        """How much work it is; of equally urgent tasks, the heaviest piece's come first."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether it has finished or failed."""
        ...

    def begin(self) -> Iterable[Task]:
        """Return the first tasks."""
        ...

    def on_report(self, task: Any, tick: Any) -> None:
        """Record how far a task has got; None if it starts over."""
        ...

    def ended(self, task: Any, value: Any) -> Iterable[Task]:
        """Record the result of a task; return the tasks that it makes possible."""
        ...

    def fail(self, error: BaseException) -> None:
        """Record that a task failed: the piece is over, though other tasks of it may still run."""
        ...


class Scheduler:
    """Runs pieces of work on an engine."""

    def __init__(self, engine: WorkerPool) -> None:
        self._engine = engine
        self._queue: list[tuple[int, float, int]] = []
        self._tasks: dict[int, tuple[Piece, Task]] = {}
        self._running: set[int] = set()
        self._losses: dict[int, int] = {}
        self._tickets = 0

    def run(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Yield each piece once it is over and no worker is working on it any more."""
        over: deque[Piece] = deque()
        for piece in pieces:
            self._add(piece, piece.begin())
            if piece.is_over:
                over.append(piece)
        while self._queue or self._running or over:
            while over:
                yield over.popleft()
            while self._queue and self._engine.free:
                self._start()
            is_waiting = self._running or self._queue  # for an end, or for a lost worker's return
            for ended in self._engine.wait(self._on_report) if is_waiting else ():
                self._running.remove(ended.ticket)
                piece = self._tasks[ended.ticket][0]
                self._take(piece, ended)
                if piece.is_over and not self._is_running(piece):
                    over.append(piece)

    def _add(self, piece: Piece, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self._tickets += 1
            self._tasks[self._tickets] = (piece, task)
            heappush(self._queue, (task.urgency, -piece.weight, self._tickets))

    def _start(self) -> None:
        """Start the most urgent task, if it is still wanted."""
        *_, ticket = heappop(self._queue)
        piece, task = self._tasks[ticket]
        if piece.is_over:  # it failed in another task
            del self._tasks[ticket]
            return
        self._running.add(ticket)
        self._engine.start(ticket, task)

    def _is_running(self, piece: Piece) -> bool:
        return any(self._tasks[ticket][0] is piece for ticket in self._running)

    def _on_report(self, ticket: int, tick: Any) -> None:
        piece, task = self._tasks[ticket]
        piece.on_report(task, tick)

    def _take(self, piece: Piece, ended: Ended) -> None:
        task = self._tasks[ended.ticket][1]
        if piece.is_over:  # it failed in another task
            del self._tasks[ended.ticket]
            return
        if ended.is_lost and self._losses.get(ended.ticket, 0) < RETRIES:
            self._losses[ended.ticket] = self._losses.get(ended.ticket, 0) + 1
            piece.on_report(task, None)
            heappush(self._queue, (task.urgency, -piece.weight, ended.ticket))
            return
        del self._tasks[ended.ticket]
        if ended.error is not None:
            piece.fail(ended.error)
            return
        try:
            self._add(piece, piece.ended(task, ended.value))
        except Exception as error:  # such as a full disk: this piece ends, the rest continues
            piece.fail(error)
