"""The pool of workers that was asked for: in this process, in others, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from vsr.batch.engine import EngineSpec, WorkerPool, open_inline
from vsr.batch.local import open_local
from vsr.jobs.process_setup import core_count
from vsr.jobs.watchdog import Watchdog, watchdog_of_worker
from vsr.jobs.workers.worker import FilmWorker, opener
from vsr.specs import UpscaleSpec


@dataclass(frozen=True, slots=True)
class OpenPool:
    """A pool, and the spec to give to its workers."""

    pool: WorkerPool
    spec: UpscaleSpec

    @property
    def is_shared(self) -> bool:
        """Several workers may do parts of one film."""
        return self.pool.size > 1


@contextmanager
def open_pool(
    wanted: EngineSpec | None, spec: UpscaleSpec, watchdog: Watchdog | None = None
) -> Iterator[OpenPool]:
    """Open workers for as long as the ``with`` lasts.

    Args:
        wanted: None is one worker in this process, which is left as it is.
        watchdog: ends this process if a worker in it makes no progress.

    Raises:
        Refused: the device or cluster is unavailable, or its workers would make different bytes.
    """
    if wanted is None:
        worker = partial(
            FilmWorker, spec.device, spec.precision, report_seconds=0.0, watchdog=watchdog
        )
        with open_inline(worker) as here:
            yield OpenPool(here, spec)
        return
    if wanted.name == "ray":
        from vsr.batch.ray import open_ray

        spec = replace(spec, threads=wanted.cpus_per_worker or 1)
        with open_ray(
            opener(spec, watchdog_of_worker(), is_remote=True),
            wanted,
            has_gpus=spec.device != "cpu",
        ) as engine:
            yield OpenPool(engine, spec)
        return
    gpus = _gpus(spec)
    if wanted.is_inline and len(gpus) < 2:
        with open_inline(opener(spec, watchdog)) as inline:
            yield OpenPool(inline, spec)
        return
    count = wanted.workers or max(1, len(gpus))
    spec = replace(spec, threads=wanted.cpus_per_worker or max(1, core_count() // count))
    places = [gpus[index % len(gpus)] if gpus else None for index in range(count)]
    with open_local(opener(spec, watchdog_of_worker()), places) as local:
        yield OpenPool(local, spec)


def _gpus(spec: UpscaleSpec) -> list[int]:
    """Return the GPUs to distribute; a device that the user names is used by all workers."""
    if spec.device not in ("auto", "cuda"):
        return []
    from vsr.device.cuda import supported_devices

    return supported_devices()
