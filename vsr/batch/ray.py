"""Workers on a Ray cluster: one actor for each GPU, or for each share of the CPUs.

Ray places the actors and restarts lost ones; which task comes next, or is repeated, is up to the
scheduler. Films are exchanged through a shared file system only, so a task is just a few paths.
"""

from __future__ import annotations

import os
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from vsr.batch.engine import DeviceClass, Ended, EngineSpec, OnReport, OpenWorker, Worker
from vsr.batch.local import portable
from vsr.errors import DeviceUnavailable, Failed, InvalidOption, Refused

POLL_SECONDS = 0.5
"""How often the actors are asked for their progress."""

PATIENCE_SECONDS = 300.0
"""How long a cluster may take to provide its first worker, or another once all are lost."""


class RayEngine:
    """Actors of a cluster; see `open_ray`."""

    def __init__(self, ray: Any, actors: list[Any], spec: EngineSpec) -> None:
        self._ray, self._actors, self._spec = ray, actors, spec
        self._free: list[Any] = []
        self._running: dict[Any, tuple[Any, int]] = {}
        self._waking = {actor.describe.remote(): actor for actor in actors}
        self._first: DeviceClass | None = None
        self._seen_at = time.monotonic()

    @property
    def size(self) -> int:
        """How many actors there are."""
        return len(self._actors)

    @property
    def free(self) -> int:
        """How many of them are free."""
        return len(self._free)

    def start(self, ticket: int, task: Any) -> None:
        """Send a task to the actor that has waited longest."""
        actor = self._free.pop(0)
        self._running[actor.do.remote(task)] = (actor, ticket)

    def wait(self, on_report: OnReport) -> list[Ended]:
        """Wait until a task ends, or for half a second; then ask the rest for progress.

        Raises:
            DeviceUnavailable: the actors would make different bytes.
            Failed: the cluster is gone.
        """
        refs = [*self._running, *self._waking]
        try:
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
            if not ready:
                ready, _ = self._ray.wait(refs, num_returns=1, timeout=POLL_SECONDS)
            self._wake([ref for ref in ready if ref in self._waking])
            ended = [self._end(ref) for ref in ready if ref in self._running]
            if not ready:
                self._ask(on_report)
        except (self._ray.exceptions.RaySystemError, ConnectionError) as error:
            raise Failed(
                f"the Ray cluster is gone ({first_line(error)}). Finished work is on "
                "disk: restart the cluster and run the same command."
            ) from error
        return ended

    def first(self) -> None:
        """Wait for the first actor.

        Raises:
            DeviceUnavailable: the cluster has no room for one, or it cannot start.
        """
        while not self._free:
            self.wait(lambda ticket, tick: None)

    def close(self) -> None:
        """Release the actors."""
        for actor in self._actors:
            self._ray.kill(actor)

    def _end(self, ref: Any) -> Ended:
        actor, ticket = self._running.pop(ref)
        try:
            value, error = self._ray.get(ref)
        except self._ray.exceptions.RayError as lost:
            self._waking[actor.describe.remote()] = actor  # Ray restarts it, perhaps elsewhere
            reason = Failed(f"a worker was lost: {first_line(lost)}")
            return Ended(ticket=ticket, error=reason, is_lost=True)
        self._free.append(actor)
        return Ended(ticket=ticket, value=value, error=error)

    def _wake(self, refs: list[Any]) -> None:
        """Register the actors that have come up, and give up if none has for too long."""
        for ref in refs:
            actor = self._waking.pop(ref)
            try:
                found, error = self._ray.get(ref)
            except self._ray.exceptions.RayError:
                time.sleep(POLL_SECONDS)
                self._waking[actor.describe.remote()] = actor
                continue
            if error is not None:
                raise DeviceUnavailable(f"a worker cannot start: {first_line(error)}.") from error
            self._check(found)
            self._free.append(actor)
        if self._free or self._running:
            self._seen_at = time.monotonic()
        elif time.monotonic() - self._seen_at > PATIENCE_SECONDS:
            raise DeviceUnavailable(
                f"no worker came up within {PATIENCE_SECONDS:g} s. Has the cluster room for "
                f"{self._spec.cpus_per_worker or 1} processors each (ray status)?"
            )

    def _check(self, found: DeviceClass) -> None:
        first = self._first = self._first or found
        if not (self._spec.is_mixed or found.is_like(first)):
            raise DeviceUnavailable(
                f"workers of different classes: {first}; {found}. The output would depend on who "
                "does which segment: use machines of one kind, or allow it with --mixed."
            )

    def _ask(self, on_report: OnReport) -> None:
        """Forward the progress of the running tasks, skipping actors that do not answer."""
        asked = {actor.ticks.remote(): ticket for actor, ticket in self._running.values()}
        if not asked:
            return
        answered, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=POLL_SECONDS)
        for ref in answered:
            try:
                ticks = self._ray.get(ref)
            except self._ray.exceptions.RayError:  # it is lost; its task will say so
                continue
            for tick in ticks:
                on_report(asked[ref], tick)


@contextmanager
def open_ray(
    open_worker: OpenWorker, spec: EngineSpec, *, has_gpus: bool = True
) -> Iterator[RayEngine]:
    """Connect to a cluster, or start one on this machine, and place the actors.

    Args:
        open_worker: called in each actor.
        has_gpus: use the GPUs of the cluster, one for each actor; else its CPUs.

    Raises:
        Refused: Ray is not installed, no cluster has that address, or it has no room.
    """
    ray = import_ray()
    cpus = spec.cpus_per_worker or 1
    if not ray.is_initialized():
        connect(ray, spec, cpus)
    try:
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0)) if has_gpus else 0
        count = spec.workers or gpus or max(1, int(resources.get("CPU", 1)) // cpus)
        kind = ray.remote(Actor).options(
            num_cpus=cpus, num_gpus=1 if gpus else 0, max_restarts=-1, max_concurrency=2
        )
        with closing(
            RayEngine(ray, [kind.remote(open_worker) for _ in range(count)], spec)
        ) as engine:
            engine.first()
            yield engine
    finally:
        ray.shutdown()


CONNECT_SECONDS = 10.0
"""How long a cluster may take to answer; Ray itself would try for minutes."""


def import_ray() -> Any:
    """Return the module.

    Raises:
        InvalidOption: it is not installed.
    """
    # Ray prints events of its workers to stdout, which is for results.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster of ours reports to nobody
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its imports warn about each other
            import ray
    except ImportError as error:
        raise InvalidOption(
            f"--engine ray: Ray is not installed ({error}). pip install 'vsr-cli[ray]'."
        ) from error
    return ray


def connect(ray: Any, spec: EngineSpec, cpus: int) -> None:
    """Join the cluster of the spec's address, or start one on this machine.

    Args:
        cpus: per worker.

    Raises:
        Refused: no cluster answers.
    """
    options: dict[str, Any] = {"address": spec.address}
    if spec.address is None:
        options = {"address": "local", "include_dashboard": False}
        options["num_cpus"] = cpus * (spec.workers or 1)
        if spec.workers is None:
            del options["num_cpus"]
    try:
        if spec.address and ":" in spec.address and "//" not in spec.address:
            host, _, port = spec.address.rpartition(":")
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a future default that does not concern us
            ray.init(log_to_driver=False, logging_level="ERROR", **options)
    except (OSError, RuntimeError, ValueError) as error:
        raise Refused(
            f"--ray-address {spec.address}: no Ray cluster answers ({first_line(error)}). "
            "Start one with: ray start --head."
        ) from error


def first_line(error: BaseException) -> str:
    """Return the first line of an error; Ray's own errors span many."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")


class Actor:
    """A worker inside the cluster. Two of its methods run concurrently: `do` and `ticks`."""

    def __init__(self, open_worker: OpenWorker) -> None:
        self._reports: list[Any] = []
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
        self._reports = []
        assert self._worker is not None
        try:
            return self._worker.do(task, self._reports.append), None
        except Exception as error:  # a bad file, however bad, must not stop the rest
            return None, portable(error)

    def ticks(self) -> list[Any]:
        """Return the progress reports of the running task since the last call."""
        reports, count = self._reports, len(self._reports)
        taken, self._reports[:count] = reports[:count], []
        return taken
