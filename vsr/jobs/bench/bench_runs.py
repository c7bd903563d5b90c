"""The repetitions of a benchmark.

Each stage is run alone and all of them together, one after the other within each repetition, so
that a change in the machine's load affects all of them; the medians are reported. What a developer
compares with them takes its turn among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vsr.device.memory import one_compute_thread
from vsr.errors import InvalidOption
from vsr.frames import HostFrame
from vsr.jobs.bench.bench_stages import Stages, TimedRun, timed_run
from vsr.jobs.progress import Note
from vsr.specs import UpscaleSpec

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
