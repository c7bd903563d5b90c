"""``vsr bench``: how fast one model is on this machine, stage by stage, and what a film takes."""

from __future__ import annotations

import logging
import platform
import tempfile
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from statistics import median

from vsr.jobs.bench.bench_report import BenchReport, StageRate
from vsr.jobs.bench.bench_runs import MOST_FRAMES, BenchSpec, Beside, Runs, measure, nothing
from vsr.jobs.bench.bench_stages import Stages, own_clip, source_size
from vsr.jobs.process_setup import core_count
from vsr.jobs.progress import Note, ignore
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_worker import step_context
from vsr.jobs.upscale.upscale_plan import Job
from vsr.media.encoding.codecs import Encoder
from vsr.specs import PtsSpan
from vsr.upscaling.steps import open_steps

__all__ = ["BenchSpec", "bench"]

log = logging.getLogger(__name__)

DEFAULT_RATE = 25
"""Frames per second of a film whose header does not say."""


def bench(
    clip: Path | None, spec: BenchSpec, *, note: Note = ignore, beside: Beside = nothing
) -> BenchReport:
    """Measure one model.

    Args:
        clip: None draws a clip.
        note: called with what is being done.
        beside: makes something else to run in turn with the pipeline, to compare it.

    Raises:
        Refused: what `vsr upscale` would refuse.
        Failed: the pipeline failed.
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
        runs = measure(stages, spec, note, beside)
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
        film_rate=float(job.source.video.frame_rate or DEFAULT_RATE),
        versions={"python": platform.python_version()}
        | {name: version(name) for name in ("vsr-cli", "torch", "av")},
    )


def _told(encoder: Encoder) -> str:
    """Return the encoder with its options: a rate means nothing without them."""
    options = " ".join(f"{key}={value}" for key, value in encoder.options.items())
    return f"{encoder.name} {options}, {encoder.threads} threads"
