"""``vsr upscale``: one clip, from the file to the larger file."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from vsr.errors import Failed, Interrupted
from vsr.frames import HostFrame
from vsr.jobs.plan import Job, prepare
from vsr.jobs.progress import Note, Observer, Stopwatch, ignore
from vsr.jobs.result import Result
from vsr.media.join import Joined, join
from vsr.media.reader import Reader
from vsr.media.segments import Segment, frames_per_segment, plan
from vsr.media.target import check_space, check_target
from vsr.media.verify import Expected, verify
from vsr.media.work import Work
from vsr.media.writer import Writer, part_of
from vsr.recipes.pipeline import load_pipeline
from vsr.recipes.preset import load_preset
from vsr.specs import Existing, Target, UpscaleSpec
from vsr.upscaling.segment import Counted, run_segment
from vsr.upscaling.steps import STEPS, Counters, StepContext, open_steps

MACS_PER_SECOND = 60e9
"""What two older processor cores reach in a convolution, roughly; it only sizes the segments."""

CUDA_ADVANTAGE = 500.0


def spec_of_preset(
    name: str, target: Target | None = None, existing: Existing = "refuse"
) -> UpscaleSpec:
    """Return the spec that a preset stands for.

    Args:
        target: a size to take in place of the preset's.

    Raises:
        Refused: the preset or its pipeline is unknown or malformed.
    """
    preset = load_preset(name)
    pipeline = load_pipeline(preset.pipeline, "upscale", STEPS)
    return UpscaleSpec(
        target=target or preset.size.target(),
        steps=tuple(step.step for step in pipeline.steps),
        model=preset.model,
        encode=preset.encode.spec(),
        deinterlace=preset.deinterlace,
        existing=existing,
    )


def upscale(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    *,
    observe: Observer = ignore,
    note: Note = ignore,
) -> Result:
    """Upscale one clip. The target appears under its name only when it is whole and verified.

    Args:
        observe: told of every finished frame.
        note: told, before the start and on the way, what the user should know.

    Raises:
        Refused: nothing was started.
        Failed: it was started and could not be finished.
    """
    if check_target(source, target, spec.existing) is None:
        return Result(output=target, is_skipped=True)
    job = prepare(source, target, spec)
    for text in job.notes():
        note(text)
    return _run(job, observe, note)


def _run(job: Job, observe: Observer, note: Note) -> Result:
    """Plan or take over the segments, do those that are missing, join, verify, publish."""
    started = time.monotonic()
    target, spec = job.target, job.spec
    check_space(target.parent, job.least_bytes)
    with Work.begin(
        target, job.fingerprint(), lambda: _plan(job), is_restart=spec.is_restart
    ) as work:
        try:
            _do_segments(job, work, _watch(job, work, observe, note), note)
            joined = _publish(job, work)
        except BaseException as error:
            if not work.finished:
                work.remove()  # nothing to go on from
            elif isinstance(error, KeyboardInterrupt):
                raise Interrupted(_how_to_go_on(work)) from error
            raise
        met = [work.recorded(segment) for segment in work.segments]
        if not spec.keeps_work:
            work.remove()
    return Result(
        output=target,
        frames_in=sum(facts["frames"] for facts in met),
        frames_out=joined.frames,
        frames_reused=sum(facts["reused"] for facts in met),
        elapsed_seconds=time.monotonic() - started,
        losses=tuple(loss for facts in met for loss in facts["losses"]),
    )


def _watch(job: Job, work: Work, observe: Observer, note: Note) -> Stopwatch:
    """Start the watch, with what an earlier run has finished behind it."""
    watch = Stopwatch(observe, sum(segment.frames for segment in work.segments))
    finished = work.finished
    if finished:
        note(f"going on after {len(finished)} of {len(work.segments)} finished segments.")
    for segment in finished:
        watch.skip(segment.frames, _end_seconds(job, segment))
    return watch


def _how_to_go_on(work: Work) -> str:
    done, planned = len(work.finished), len(work.segments)
    return (
        f"interrupted; {done} of {planned} segments are finished. "
        "Run the same command again to go on."
    )


def _plan(job: Job) -> tuple[Segment, ...]:
    """Cut the clip into segments of about equal work."""
    frame_seconds = job.model.traits.macs_per_pixel * job.sizes.source.pixels / MACS_PER_SECOND
    if job.device.is_cuda:
        frame_seconds /= CUDA_ADVANTAGE
    return plan(job.source, frames_per_segment(frame_seconds), job.spec.time)


def _do_segments(job: Job, work: Work, watch: Stopwatch, note: Note) -> None:
    """Decode, upscale and encode each segment that is missing; a finished one is on the disk."""
    counters = Counters()
    with ExitStack() as stack:
        steps_of = open_steps(job.spec.steps, step_context(job, note), stack, counters)
        for segment in work.pending:
            path, reused_before = work.path_of(segment), counters.reused
            with (
                Reader.open(
                    job.source.path, job.source, segment.span, context=job.context
                ) as reader,
                Writer.create(path, job.video, job.encoder) as writer,
            ):
                frames = Counted(reader.frames(), segment.span)
                ticking = _ticking(watch, job, path)
                written = run_segment(frames, steps_of(segment.span), writer, ticking)
                if written != frames.count:
                    raise Failed(f"{job.source.path}: {frames.count} frames in, {written} out.")
                losses = [str(reader.damage)] if reader.damage.has_losses else []
                reused = counters.reused - reused_before
                work.record(segment, {"frames": written, "reused": reused, "losses": losses})
            work.check_source(job.source.path)


def _publish(job: Job, work: Work) -> Joined:
    """Join, verify, and only then give the file its name."""
    paths = [work.path_of(segment) for segment in work.segments]
    joined = join(paths, job.source, job.streams, work.joined, job.video, time=job.spec.time)
    verify(work.joined, Expected.of(joined, job.streams, job.video.size))
    work.publish()
    return joined


def _ticking(watch: Stopwatch, job: Job, segment: Path) -> Callable[[HostFrame], None]:
    """Return what tells the watch of a frame: how far the output is, and how large."""
    part = part_of(segment)

    def written(frame: HostFrame) -> None:
        size = part.stat().st_size if part.exists() else 0
        watch.tick(_seconds(job, frame.pts), size)

    return written


def _end_seconds(job: Job, segment: Segment) -> float:
    return 0.0 if segment.span.end is None else _seconds(job, segment.span.end)


def _seconds(job: Job, pts: int) -> float:
    """Return a time of the source on the clock of the output."""
    first = job.source.video.start_pts or 0
    return max(0.0, float((pts - first) * job.video.time_base) - job.spec.time.start_seconds)


def step_context(job: Job, note: Note) -> StepContext:
    """Return what the steps of this job need to know."""
    return StepContext(
        plan=job.sizes,
        layout=job.source.video.layout,
        colour=job.colour,
        output_layout=job.encoder.layout,
        model=job.model,
        device=job.device,
        tile=job.spec.tile,
        deinterlace=job.spec.deinterlace,
        say=note,
    )
