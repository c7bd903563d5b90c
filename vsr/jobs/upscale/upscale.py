"""``vsr upscale``: one clip, from file to file."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, closing
from pathlib import Path

from vsr.blend import DIALS
from vsr.errors import Interrupted
from vsr.jobs.progress import Note, Observer, Stopwatch, ignore
from vsr.jobs.result import Result, joined_result
from vsr.jobs.upscale.picture import upscale_picture
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_worker import SegmentWorker, Written, join_verified, plan_segments
from vsr.jobs.upscale.standard_streams import PIPE, check_pipe, spooled, upscale_into_pipe
from vsr.jobs.upscale.upscale_plan import Job
from vsr.media.images.images import is_image
from vsr.media.resume.segments import Segment
from vsr.media.resume.work import Work, remove_published
from vsr.media.writing.scan import Joined
from vsr.media.writing.target import check_space, check_target
from vsr.recipes.pipeline import load_pipeline
from vsr.recipes.preset import load_preset
from vsr.specs import Existing, Target, UpscaleSpec
from vsr.upscaling.steps import STEPS

log = logging.getLogger(__name__)


def spec_of_preset(
    name: str, target: Target | None = None, existing: Existing = "refuse"
) -> UpscaleSpec:
    """Return the spec of a preset.

    Args:
        target: a size to use instead of the preset's.

    Raises:
        Refused: the preset or its pipeline is unknown or malformed.
    """
    preset = load_preset(name)
    pipeline = load_pipeline(preset.pipeline, "upscale", STEPS)
    return UpscaleSpec(
        target=target or preset.size.target(),
        steps=tuple(step.step for step in pipeline.steps),
        model=preset.model,
        strength=preset.strength,
        sharpness=preset.sharpness,
        suggested=DIALS,
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
    worker: SegmentWorker | None = None,
) -> Result:
    """Upscale one clip, or image. The target appears only once it is complete and verified.

    Args:
        source: the clip; ``-`` is standard input.
        target: the file to write; ``-`` is standard output, written as it comes.
        observe: called after every finished frame.
        note: called, before the start and on the way, with remarks for the user.
        worker: one with a network still open from the previous clip; the caller closes it.

    Raises:
        Refused: nothing was started.
        Failed: it was started and could not be finished.
    """
    with ExitStack() as stack:
        worker = worker or stack.enter_context(closing(SegmentWorker()))
        if is_image(source):
            return upscale_picture(source, target, spec, worker, observe, note)
        return _upscale_film(source, target, spec, worker, observe, note)


def _upscale_film(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    worker: SegmentWorker,
    observe: Observer,
    note: Note,
) -> Result:
    """Check the target, decide everything else, and do it."""
    if target == PIPE:
        check_pipe(spec.container)
    elif is_kept(source, target, spec):
        return Result(output=target, is_skipped=True)
    with spooled(source) as clip:
        job = prepare(clip, target, spec, worker.load)
        log.info("%s", job.outline)
        for text in job.notes():
            note(text)
        do = upscale_into_pipe if target == PIPE else _upscale_into_file
        return do(job, worker, observe, note)


def is_kept(source: Path, target: Path, spec: UpscaleSpec) -> bool:
    """Return whether an existing target is to be kept, after checking it.

    The work folder of a finished film is removed, if a crash left one.

    Raises:
        Refused: it exists and may not be replaced, or cannot be written.
    """
    if spec.existing != "overwrite":  # its segments would be reused
        remove_published(target)
    return check_target(source, target, spec.existing, spec.container) is None


def _upscale_into_file(job: Job, worker: SegmentWorker, observe: Observer, note: Note) -> Result:
    """Plan or take over the segments, do the missing ones, join, verify, publish."""
    started = time.monotonic()
    target, spec = job.target, job.spec
    check_space(target.parent, job.least_bytes)
    with Work.begin(
        target, job.fingerprint(), lambda: plan_segments(job, note), is_restart=spec.is_restart
    ) as work:
        try:
            _do_segments(job, work, worker, _watch(job, work, observe, note), note)
            joined = _publish(job, work)
        except BaseException as error:
            if not work.finished:
                work.remove()  # nothing to resume from
            elif isinstance(error, KeyboardInterrupt):
                raise Interrupted(_how_to_go_on(work)) from error
            raise
        met = [work.recorded(segment) for segment in work.segments]
        if not spec.keeps_work:
            work.remove()
    elapsed_seconds = time.monotonic() - started
    return joined_result(target, joined, met, elapsed_seconds=elapsed_seconds, model=str(job.model))


def _watch(job: Job, work: Work, observe: Observer, note: Note) -> Stopwatch:
    """Start the stopwatch, counting what an earlier run finished."""
    watch = Stopwatch(observe, sum(segment.frames for segment in work.segments))
    finished = work.finished
    if finished:
        note(f"resuming: {len(finished)} of {len(work.segments)} segments are already finished.")
    for segment in finished:
        watch.skip(segment.frames, _end_seconds(job, segment))
    return watch


def _how_to_go_on(work: Work) -> str:
    done, planned = len(work.finished), len(work.segments)
    return (
        f"interrupted; {done} of {planned} segments are finished. "
        "Run the same command again to resume."
    )


def _do_segments(job: Job, work: Work, worker: SegmentWorker, watch: Stopwatch, note: Note) -> None:
    """Decode, upscale and encode each missing segment; finished ones are on disk."""
    for segment in work.pending:
        worker.do(job, segment, work.path_of(segment), _ticking(watch, job), note)
        work.check_source(job.source.path)


def _publish(job: Job, work: Work) -> Joined:
    """Join, verify, and only then give the file its name."""
    paths = [work.path_of(segment) for segment in work.segments]
    joined = join_verified(job, paths, work.joined)
    work.publish(is_kept=job.spec.keeps_work)
    return joined


def _ticking(watch: Stopwatch, job: Job) -> Written:
    """Return a callback that reports each frame: how far the output is, and how large."""
    return lambda frame, size_bytes: watch.tick(job.seconds(frame.pts), size_bytes)


def _end_seconds(job: Job, segment: Segment) -> float:
    return 0.0 if segment.span.end is None else job.seconds(segment.span.end)
