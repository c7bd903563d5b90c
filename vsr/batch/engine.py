"""What an engine is: workers that do tasks, wherever they are.

An engine knows nothing of films. It starts tasks (plain values that travel) on its workers, and
says of each how it ended; `vsr.batch.crew` decides which comes next. There are three: `inline`
(this process), `local` (processes of this machine) and `ray` (a cluster).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from vsr.checks import check_choices, check_whole
from vsr.errors import InvalidOption

EngineName = Literal["local", "ray"]


class Worker(Protocol):
    """Does one task after another, and keeps what is costly to open."""

    def do(self, task: Any, tell: Callable[[Any], None]) -> Any:
        """Do a task; ``tell`` takes how far it is."""
        ...

    def describe(self) -> DeviceClass:
        """Say on what it computes."""
        ...

    def close(self) -> None:
        """Let everything go."""
        ...


OpenWorker = Callable[[], Worker]
"""Opens a worker in the process that calls it; it travels there, so it is importable by name."""


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """On what a worker computes: the bytes of two workers are equal if this is.

    Attributes:
        device: kind, name and precision, as one text.
        versions: of the libraries that make the bytes.
        host: where it is; it does not count.
    """

    device: str
    versions: str
    host: str

    def is_like(self, other: DeviceClass) -> bool:
        """Computes the same bytes."""
        return (self.device, self.versions) == (other.device, other.versions)

    def __str__(self) -> str:
        return f"{self.device}, {self.versions} on {self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a task ended.

    Attributes:
        ticket: which task.
        value: what it gave.
        error: why it failed, or None.
        is_lost: its worker died; another one may succeed.
    """

    ticket: int
    value: Any = None
    error: BaseException | None = None
    is_lost: bool = False


Told = Callable[[int, Any], None]
"""Takes the ticket of a running task, and how far it is."""


class Engine(Protocol):
    """Workers, each doing one task at a time."""

    @property
    def size(self) -> int:
        """How many workers there are."""
        ...

    @property
    def free(self) -> int:
        """How many of them wait for a task."""
        ...

    def start(self, ticket: int, task: Any) -> None:
        """Give a task to a free worker."""
        ...

    def wait(self, told: Told) -> Sequence[Ended]:
        """Wait a moment; return what has ended, perhaps nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """Who does the work.

    Attributes:
        workers: how many; None is one for each GPU, or one on the CPU.
        cpus_per_worker: threads of each; None shares the processor out.
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
            raise InvalidOption("the address of a Ray cluster needs the engine ray.")

    @property
    def is_inline(self) -> bool:
        """Nothing asks for a second process."""
        asked = (self.workers, self.cpus_per_worker)
        return self.name == "local" and asked == (None, None)
