"""``vsr bench``: how fast one model is on this machine, stage by stage, and why not faster.

Each stage is run alone and all of them together, one after the other within each repetition, so
that a change of the machine's mood meets all of them; the medians are reported. The plain loop, in
a process of its own, takes its turn among them.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from vsr.device.ceilings import measure_ceilings
from vsr.device.peaks import forget_peaks, peak_device_bytes, peak_host_bytes
from vsr.errors import InvalidOption
from vsr.frames import HostFrame
from vsr.jobs.bench_clip import own_clip, source_size
from vsr.jobs.bench_report import BenchReport, Roofline, StageRate
from vsr.jobs.plain_loop import PlainLoop
from vsr.jobs.plan import Job, prepare
from vsr.jobs.progress import Note, ignore
from vsr.jobs.stages import Stages, Timing, core_count, one_compute_thread, timed
from vsr.jobs.upscale import step_context
from vsr.media.encoder import Encoder
from vsr.specs import PtsSpan, UpscaleSpec
from vsr.upscaling.roofline import costs_of
from vsr.upscaling.steps import open_steps

RUN_SECONDS = 3.0
"""How long the network alone should run where nobody says how many frames."""

LEAST_FRAMES, MOST_FRAMES = 4, 240

SINGLE_THREAD_SHARE = 4
"""The network alone on one thread takes long: of so many frames it does one."""

Timings = dict[str, list[Timing]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSpec:
    """What to measure.

    Attributes:
        upscale: model, size, device and encoder.
        frames: for each run; None takes as many as a few seconds allow.
        repeats: runs of everything; the medians are reported.
        is_discarded: pictures are thrown away instead of encoded.
        has_plain_loop: compare with a plain loop.
    """

    upscale: UpscaleSpec
    frames: int | None = None
    repeats: int = 3
    is_discarded: bool = False
    has_plain_loop: bool = True

    def __post_init__(self) -> None:
        if self.frames is not None and self.frames < 1:
            raise InvalidOption(f"--frames {self.frames} must be at least 1.")
        if self.repeats < 1:
            raise InvalidOption(f"--repeat {self.repeats} must be at least 1.")


@dataclass(slots=True)
class _Measured:
    """What the repetitions gather."""

    frames: int
    alone: Timings = field(default_factory=dict)
    single: Timings = field(default_factory=dict)
    whole: list[Timing] = field(default_factory=list)
    plain_fps: list[float] = field(default_factory=list)
    host_bytes: int | None = None
    device_bytes: int | None = None


def bench(clip: Path | None, spec: BenchSpec, *, note: Note = ignore) -> BenchReport:
    """Measure one model.

    Args:
        clip: None takes a clip of our own.
        note: told what is being done.

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
        steps = open_steps(job.spec.steps, step_context(job, note), stack)(PtsSpan())
        stages = Stages(job=job, steps=steps, folder=folder, is_discarded=spec.is_discarded)
        measured = _measure(stages, spec, stack, note)
    return _report(job, spec, measured)


def _measure(stages: Stages, spec: BenchSpec, stack: ExitStack, note: Note) -> _Measured:
    job, ready = stages.job, stages.decoded()
    frames = spec.frames or _affordable(stages, ready)
    frames = stages.decode(frames)  # the clip may be shorter
    measured = _Measured(frames)
    # first, while nothing else lies in memory but the pictures that were decoded
    forget_peaks(job.device)
    stages.whole(frames)
    measured.host_bytes = peak_host_bytes()
    measured.device_bytes = peak_device_bytes(job.device)
    enlarged = stages.enlarged(ready)
    plain = None
    if spec.has_plain_loop:
        target = stages.folder / "plain.nut"
        plain = stack.enter_context(
            PlainLoop.open(job, frames, target, is_discarded=spec.is_discarded)
        )
    for repeat in range(spec.repeats):
        note(f"{job.model.name}: run {repeat + 1} of {spec.repeats}, {frames} frames …")
        measured.whole.append(timed(lambda: stages.whole(frames)))
        _gather(measured.alone, _alone(stages, ready, enlarged, frames))
        if plain is not None:
            measured.plain_fps.append(plain.run())
        if not job.device.is_cuda:
            with one_compute_thread():
                _gather(measured.single, _single_thread(stages, ready, enlarged, frames))
    return measured


Work = Callable[[], int]


def _alone(
    stages: Stages, ready: tuple[HostFrame, ...], enlarged: tuple[HostFrame, ...], frames: int
) -> dict[str, Work]:
    """Return each stage with the threads that it has in the pipeline."""
    work: dict[str, Work] = {
        "decode": lambda: stages.decode(frames),
        "network": lambda: stages.compute(ready, frames),
    }
    if not stages.is_discarded:
        work["encode"] = lambda: stages.encode(enlarged, frames)
    return work


def _single_thread(
    stages: Stages, ready: tuple[HostFrame, ...], enlarged: tuple[HostFrame, ...], frames: int
) -> dict[str, Work]:
    """Return each stage with one thread, which cannot spin."""
    few = max(1, frames // SINGLE_THREAD_SHARE)
    work: dict[str, Work] = {
        "decode": lambda: stages.decode(frames, threads=1),
        "network": lambda: stages.compute(ready, few),
    }
    if not stages.is_discarded:
        work["encode"] = lambda: stages.encode(enlarged, frames, threads=1)
    return work


def _gather(timings: Timings, work: dict[str, Work]) -> None:
    for name, run in work.items():
        timings.setdefault(name, []).append(timed(run))


def _affordable(stages: Stages, ready: tuple[HostFrame, ...]) -> int:
    """Return how many frames the network does in a few seconds."""
    stages.compute(ready, 2)  # the first frames pay for what is loaded late
    seconds = timed(lambda: stages.compute(ready, 2)).wall_seconds / 2
    return max(LEAST_FRAMES, min(MOST_FRAMES, round(RUN_SECONDS / seconds)))


def _report(job: Job, spec: BenchSpec, measured: _Measured) -> BenchReport:
    whole_fps = median(timing.fps for timing in measured.whole)
    cpu_seconds = {
        name: median(timing.cpu_seconds_per_frame for timing in timings)
        for name, timings in measured.single.items()
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
        frames=measured.frames,
        repeats=spec.repeats,
        stages={
            name: StageRate(
                fps=median(timing.fps for timing in timings),
                cpu_ms=1000 * cpu_seconds[name] if name in cpu_seconds else None,
            )
            for name, timings in measured.alone.items()
        },
        whole_fps=whole_fps,
        core_use=sum(cpu_seconds.values()) * whole_fps / cores if cpu_seconds else None,
        plain_loop_fps=median(measured.plain_fps) if measured.plain_fps else None,
        peak_host_mb=_megabytes(measured.host_bytes),
        peak_device_mb=_megabytes(measured.device_bytes),
        roofline=_roofline(job),
        versions={"python": platform.python_version()}
        | {name: version(name) for name in ("vsr-cli", "torch", "av")},
    )


def _roofline(job: Job) -> Roofline:
    costs = costs_of(job.model, job.sizes.source, job.device.torch_dtype.itemsize)
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
