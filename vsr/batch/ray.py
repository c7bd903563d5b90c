"""Workers on a Ray cluster: one actor for each GPU, or for each share of the CPUs.

Ray places the actors and restarts lost ones; which task comes next, or is repeated, is up to the
scheduler. Films are exchanged through a shared file system only, so a task is just a few paths.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from vsr.batch.engine import DeviceClass, Ended, EngineSpec, OpenWorker, Told
from vsr.batch.ray_actor import Actor
from vsr.batch.ray_cluster import connect, first_line, import_ray
from vsr.errors import DeviceUnavailable, Failed

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

    def wait(self, told: Told) -> list[Ended]:
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
                self._ask(told)
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

    def _ask(self, told: Told) -> None:
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
                told(asked[ref], tick)


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
