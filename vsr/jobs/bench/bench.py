"""``vsr bench``: how fast one model is on this machine, stage by stage, and what limits it."""

from __future__ import annotations

import logging
import platform
import tempfile
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from statistics import median

from vsr.device.ceilings import measure_ceilings
from vsr.jobs.bench.bench_report import BenchReport, Roofline, StageRate
from vsr.jobs.bench.bench_runs import MOST_FRAMES, BenchSpec, Runs, measure
from vsr.jobs.bench.bench_stages import Stages, own_clip, source_size
from vsr.jobs.process_setup import core_count
from vsr.jobs.progress import Note, ignore
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_worker import step_context
from vsr.jobs.upscale.upscale_plan import Job
from vsr.media.encoding.codecs import Encoder
from vsr.specs import PtsSpan
from vsr.upscaling.roofline import costs_of
from vsr.upscaling.steps import open_steps

__all__ = ["BenchSpec", "bench"]

log = logging.getLogger(__name__)


def bench(clip: Path | None, spec: BenchSpec, *, note: Note = ignore) -> BenchReport:
    """Measure one model.

    Args:
        clip: None draws a clip.
        note: called with what is being done.

    Raises:
        Refused: what `vsr upscale` would refuse.
        Failed: the pipeline or the plain loop failed.
    """
    if clip is None:
        note("drawing a clip, once …")
        clip = own_clip(source_size(spec.upscale.target), max(MOST_FRAMES, spec.frames or 0))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vsr-bench-")))
        job = prepare(clip, folder / "out.mkv", spec.upscale)
        log.info("%s", job.outline)
        steps = open_steps(job.spec.steps, step_context(job, note), stack)(PtsSpan())
        stages = Stages(job=job, steps=steps, folder=folder, is_discarded=spec.is_discarded)
        runs = measure(stages, spec, stack, note)
    return _report(job, spec, runs)


def _report(job: Job, spec: BenchSpec, runs: Runs) -> BenchReport:
    whole_fps = median(timing.fps for timing in runs.whole)
    cpu_seconds = {
        name: median(timing.cpu_seconds_per_frame for timing in timings)
        for name, timings in runs.single.items()
    }
    cores = core_count()
    return BenchReport(
        model=job.model.name,
        weights=job.model.sha256[:12],
        scale=job.sizes.scale,
        size=f"{job.sizes.source} → {job.video.size}",
        device=str(job.device),
        cores=cores,
        encoder=None if spec.is_discarded else _told(job.encoder),
        frames=runs.frames,
        repeats=spec.repeats,
        stages={
            name: StageRate(
                fps=median(timing.fps for timing in timings),
                cpu_ms=1000 * cpu_seconds[name] if name in cpu_seconds else None,
            )
            for name, timings in runs.alone.items()
        },
        whole_fps=whole_fps,
        core_use=sum(cpu_seconds.values()) * whole_fps / cores if cpu_seconds else None,
        plain_loop_fps=median(runs.plain_fps) if runs.plain_fps else None,
        peak_host_mb=_megabytes(runs.host_bytes),
        peak_device_mb=_megabytes(runs.device_bytes),
        roofline=_roofline(job),
        versions={"python": platform.python_version()}
        | {name: version(name) for name in ("vsr-cli", "torch", "av")},
    )


def _roofline(job: Job) -> Roofline | None:
    costs = costs_of(job.model, job.sizes.source, job.device.torch_dtype.itemsize)
    if not costs:
        return None
    ceilings = measure_ceilings(job.device)
    return Roofline(
        operations=sum(cost.operations for cost in costs),
        bytes_moved=sum(cost.bytes_moved for cost in costs),
        operations_per_second=ceilings.operations_per_second,
        bytes_per_second=ceilings.bytes_per_second,
        ms=1000 * sum(cost.seconds(ceilings) for cost in costs),
    )


def _told(encoder: Encoder) -> str:
    """Return the encoder with its options: a rate means nothing without them."""
    options = " ".join(f"{key}={value}" for key, value in encoder.options.items())
    return f"{encoder.name} {options}, {encoder.threads} threads"


def _megabytes(count: int | None) -> float | None:
    return None if count is None else count / 1e6
