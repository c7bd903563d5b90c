"""What a pool of workers is, and the simplest of them.

An engine knows nothing of films. It starts tasks (plain values that can be pickled) on its workers
and reports how each ended; the scheduler decides which comes next. There are three: `inline` (this
process, which runs each task itself), `local` (processes of this machine) and `ray` (a cluster).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from vsr.errors import InvalidOption
from vsr.option import check_choices, check_whole

STALLED = 75
"""The exit code of a worker that ended itself because its task made no progress."""

EngineName = Literal["local", "ray"]


class Worker(Protocol):
    """Runs one task after another, and keeps open what is costly to open."""

    def do(self, task: Any, report: Callable[[Any], None]) -> Any:
        """Run a task; ``report`` is called with its progress."""
        ...

    def describe(self) -> DeviceClass:
        """Return what it computes on."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


OpenWorker = Callable[[], Worker]
"""Opens a worker in the calling process; it is pickled, so it must be importable by name."""


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """What a worker computes on: two workers make the same bytes if this is equal.

    Attributes:
        device: kind, name and precision, as one text.
        versions: of the libraries that make the bytes.
        host: where it is; not compared.
    """

    device: str
    versions: str
    host: str

    def is_like(self, other: DeviceClass) -> bool:
        """Return whether both compute the same bytes."""
        return (self.device, self.versions) == (other.device, other.versions)

    def __str__(self) -> str:
        return f"{self.device}, {self.versions} on {self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a task ended.

    Attributes:
        ticket: which task.
        value: its result.
        error: why it failed, or None.
        is_lost: its worker died; another one may succeed.
    """

    ticket: int
    value: Any = None
    error: BaseException | None = None
    is_lost: bool = False


OnReport = Callable[[int, Any], None]
"""Called with the ticket of a running task and its progress."""


class WorkerPool(Protocol):
    """Workers, each doing one task at a time."""

    @property
    def size(self) -> int:
        """How many workers there are."""
        ...

    @property
    def free(self) -> int:
        """How many of them are free."""
        ...

    def start(self, ticket: int, task: Any) -> None:
        """Give a task to a free worker."""
        ...

    def wait(self, on_report: OnReport) -> Sequence[Ended]:
        """Wait a moment; return the tasks that have ended, perhaps none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """Who does the work.

    Attributes:
        workers: how many; None is one for each GPU, or one on the CPU.
        cpus_per_worker: threads of each; None divides the CPU evenly.
        address: of the Ray cluster; None starts one on this machine.
        is_mixed: workers of different device classes may share the work.
    """

    name: EngineName = "local"
    workers: int | None = None
    cpus_per_worker: int | None = None
    address: str | None = None
    is_mixed: bool = False

    def __post_init__(self) -> None:
        check_choices(self)
        check_whole("workers", self.workers, 1)
        check_whole("cpus_per_worker", self.cpus_per_worker, 1)
        if self.address is not None and self.name != "ray":
            raise InvalidOption("a Ray address needs the engine ray (--engine ray).")

    @property
    def is_inline(self) -> bool:
        """Whether no second process is needed."""
        asked = (self.workers, self.cpus_per_worker)
        return self.name == "local" and asked == (None, None)


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

    def wait(self, on_report: OnReport) -> list[Ended]:
        """Do the task."""
        if self._next is None:
            return []
        (ticket, task), self._next = self._next, None
        try:
            value = self._worker.do(task, lambda tick: on_report(ticket, tick))
        except Exception as error:  # a bad file, however bad, must not stop the rest
            return [Ended(ticket=ticket, error=error)]
        return [Ended(ticket=ticket, value=value)]


@contextmanager
def open_inline(open_worker: OpenWorker) -> Iterator[InlineEngine]:
    """Open the worker for as long as the ``with`` lasts."""
    with closing(open_worker()) as worker:
        yield InlineEngine(worker)
