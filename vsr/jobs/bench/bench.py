"""``vsr bench``: how fast one model is on this machine, stage by stage, and what a film takes.

Each stage is run alone and all of them together, one after the other within each repetition, so
that a change in the machine's load affects all of them; the medians are reported. What a developer
compares with them takes its turn among them.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from vsr.device.memory import one_compute_thread
from vsr.errors import InvalidOption
from vsr.frames import HostFrame
from vsr.jobs.bench.bench_report import BenchReport, StageRate
from vsr.jobs.bench.bench_stages import Stages, TimedRun, own_clip, source_size, timed_run
from vsr.jobs.process_setup import core_count
from vsr.jobs.progress import Note, ignore
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_worker import step_context
from vsr.jobs.upscale.source_film import film_of
from vsr.media.encoding.codecs import Encoder
from vsr.specs import UpscaleSpec
from vsr.temporary import temporary_folder
from vsr.upscaling.steps import open_steps
from vsr.values import PtsSpan
from vsr.version import __version__

log = logging.getLogger(__name__)

DEFAULT_RATE = 25
"""Frames per second of a film whose header does not say."""

RUN_SECONDS = 3.0
"""How long the network alone should run if no frame count is given."""

LEAST_FRAMES, MOST_FRAMES = 12, 240

SINGLE_THREAD_SHARE = 4
"""The network alone on one thread takes long: it does one frame in this many."""

Timings = dict[str, list[TimedRun]]
Workload = Callable[[], int]
Beside = Callable[[Stages, int], Callable[[], None]]
"""Called with the stages and the frames of a run, after the first; returns what else to run."""


def nothing(stages: Stages, frames: int) -> Callable[[], None]:
    """Run nothing else."""
    del stages, frames
    return lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSpec:
    """What to measure.

    Attributes:
        upscale: model, size, device and encoder.
        frames: per run; None takes as many as fit into a few seconds.
        repeats: runs of everything; the medians are reported.
        is_discarded: frames are discarded instead of encoded.
    """

    upscale: UpscaleSpec
    frames: int | None = None
    repeats: int = 3
    is_discarded: bool = False

    def __post_init__(self) -> None:
        if self.frames is not None and self.frames < 1:
            raise InvalidOption(f"--frames {self.frames} must be at least 1.")
        if self.repeats < 1:
            raise InvalidOption(f"--repeat {self.repeats} must be at least 1.")


@dataclass(slots=True)
class Runs:
    """What the repetitions gather.

    Attributes:
        alone: each stage with the threads that it has in the pipeline.
        single: each stage with one thread; empty on a GPU.
    """

    frames: int
    alone: Timings = field(default_factory=dict)
    single: Timings = field(default_factory=dict)
    whole: list[TimedRun] = field(default_factory=list)


def measure(stages: Stages, spec: BenchSpec, note: Note, beside: Beside) -> Runs:
    """Run everything ``spec.repeats`` times.

    Args:
        note: called before each repetition.
        beside: makes what else is run in each.
    """
    job, ready = stages.job, stages.decoded()
    stages.compute(ready, 1)  # the first frame pays for what is loaded late
    frames = stages.decode(spec.frames or _affordable(stages, ready))  # the clip may be shorter
    runs, enlarged = Runs(frames), ready
    other = nothing(stages, frames)
    for repeat in range(spec.repeats):
        note(f"{job.model.name}: run {repeat + 1} of {spec.repeats}, {frames} frames …")
        runs.whole.append(timed_run(lambda: stages.whole(frames)))
        if repeat == 0:
            other = beside(stages, frames)
            enlarged = stages.enlarged(ready[:frames])
        _gather(runs.alone, _alone(stages, ready, enlarged, frames))
        other()
        if not job.device.is_cuda:
            with one_compute_thread():
                _gather(runs.single, _single_thread(stages, ready, enlarged, frames))
    return runs


def _alone(
    stages: Stages, ready: tuple[HostFrame, ...], enlarged: tuple[HostFrame, ...], frames: int
) -> dict[str, Workload]:
    """Return each stage with the threads that it has in the pipeline."""
    work: dict[str, Workload] = {
        "decode": lambda: stages.decode(frames),
        "network": lambda: stages.compute(ready, frames),
    }
    if not stages.is_discarded:
        work["encode"] = lambda: stages.encode(enlarged, frames)
    return work


def _single_thread(
    stages: Stages, ready: tuple[HostFrame, ...], enlarged: tuple[HostFrame, ...], frames: int
) -> dict[str, Workload]:
    """Return each stage with one thread, which cannot spin."""
    few = max(1, frames // SINGLE_THREAD_SHARE)
    work: dict[str, Workload] = {
        "decode": lambda: stages.decode(frames, threads=1),
        "network": lambda: stages.compute(ready, few),
    }
    if not stages.is_discarded:
        work["encode"] = lambda: stages.encode(enlarged, frames, threads=1)
    return work


def _gather(timings: Timings, work: dict[str, Workload]) -> None:
    for name, run in work.items():
        timings.setdefault(name, []).append(timed_run(run))


def _affordable(stages: Stages, ready: tuple[HostFrame, ...]) -> int:
    """Return how many frames the network processes in a few seconds."""
    seconds = timed_run(lambda: stages.compute(ready, 2)).wall_seconds / 2
    return max(LEAST_FRAMES, min(MOST_FRAMES, round(RUN_SECONDS / seconds)))


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
        clip = own_clip(source_size(spec.upscale.size), max(MOST_FRAMES, spec.frames or 0))
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("bench"))
        film = stack.enter_context(film_of(clip))
        job = prepare(film, folder / "out.mkv", spec.upscale)
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
        versions={"python": platform.python_version(), "vsr-cli": __version__}
        | {name: version(name) for name in ("torch", "av")},
    )


def _told(encoder: Encoder) -> str:
    """Return the encoder with its options: a rate means nothing without them."""
    options = " ".join(f"{key}={value}" for key, value in encoder.options.items())
    return f"{encoder.name} {options}, {encoder.threads} threads"
