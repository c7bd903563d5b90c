"""Open the requested engine, with workers that upscale films."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from vsr.batch.engine import BatchEngine, EngineSpec
from vsr.batch.inline import open_inline
from vsr.batch.local import open_local
from vsr.jobs.process_setup import core_count
from vsr.jobs.workers.worker import opener
from vsr.specs import UpscaleSpec


@dataclass(frozen=True, slots=True)
class Open:
    """An engine, and the spec to give to its workers."""

    engine: BatchEngine
    spec: UpscaleSpec

    @property
    def is_shared(self) -> bool:
        """Several workers may do parts of one film."""
        return self.engine.size > 1


@contextmanager
def open_batch_engine(wanted: EngineSpec, spec: UpscaleSpec) -> Iterator[Open]:
    """Open an engine for as long as the ``with`` lasts.

    Raises:
        Refused: the device or cluster is unavailable, or its workers would make different bytes.
    """
    if wanted.name == "ray":
        from vsr.batch.ray import open_ray

        spec = replace(spec, threads=wanted.cpus_per_worker or 1)
        with open_ray(opener(spec), wanted, has_gpus=spec.device != "cpu") as engine:
            yield Open(engine, spec)
        return
    gpus = _gpus(spec)
    if wanted.is_inline and len(gpus) < 2:
        with open_inline(opener(spec)) as inline:
            yield Open(inline, spec)
        return
    count = wanted.workers or max(1, len(gpus))
    spec = replace(spec, threads=wanted.cpus_per_worker or max(1, core_count() // count))
    places = [gpus[index % len(gpus)] if gpus else None for index in range(count)]
    with open_local(opener(spec), places) as local:
        yield Open(local, spec)


def _gpus(spec: UpscaleSpec) -> list[int]:
    """Return the GPUs to distribute; a device that the user names is used by all workers."""
    if spec.device not in ("auto", "cuda"):
        return []
    from vsr.device.select import cuda_count

    return list(range(cuda_count()))
