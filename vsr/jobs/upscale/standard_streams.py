"""Standard input and output as clips: ``-``. What goes into a pipe is not resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from vsr.frames import HostFrame
from vsr.jobs.progress import Note, Result
from vsr.jobs.upscale.beforehand import check_clip, makes_image
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.segment_plan import encoder_of, rated
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.source_film import film_of
from vsr.media.resume.segments import plan
from vsr.media.sequence import is_sequence
from vsr.media.source.decoder import Damage
from vsr.media.writing.direct import DirectWriter
from vsr.specs import UpscaleSpec

STANDARD_OUTPUT = "pipe:1"
"""FFmpeg's name for it."""

WHOLE = 1 << 62
"""More frames than any clip has, so that it stays in one piece."""


@contextmanager
def as_clip(
    source: Path | Sequence[Path], target: Path, spec: UpscaleSpec, note: Note
) -> Iterator[Path]:
    """Yield one file to read: the source, or a film of the images that it means.

    Raises:
        NoSuchFile: there is nothing of that name.
        InvalidOption: a frame rate for what has its own.
        UnsuitableContainer: an image is named for what comes from a pipe.
    """
    check_clip(source, target, spec)
    if isinstance(source, Path) and not is_sequence(source) and makes_image(target):
        yield source
        return
    with film_of(source, note, spec.fps) as clip:
        yield clip


def upscale_into_pipe(
    job: Job,
    worker: SegmentWorker,
    on_frame: Callable[[HostFrame], None],
    note: Note,
    watched: Callable[[Callable[[], bool]], AbstractContextManager[None]],
) -> Result:
    """Send finished frames and the other streams straight to standard output.

    Args:
        on_frame: called with each frame that was sent.
        watched: returns what watches it, and is told whether it waits for the reader of the pipe.

    Raises:
        Failed: it cannot be finished, or the pipe was closed by its reader.
    """
    started = time.monotonic()
    (whole,) = rated(job, plan(job.source, WHOLE, job.spec.time))
    encoder = encoder_of(job, whole)
    writer = DirectWriter.create(
        STANDARD_OUTPUT, job.source, job.streams, job.video, encoder, whole.span
    )
    with watched(lambda: writer.is_sending), writer:
        met = worker.run(job, whole.span, writer, on_frame, note)
    return Result(
        output=job.target,
        frames_in=met.frames_in,
        frames_out=writer.frames,
        frames_reused=met.reused,
        reused_tiles=met.reused_tiles,
        elapsed_seconds=time.monotonic() - started,
        losses=(*job.lost, *Damage.of([met.damage]).losses, *writer.missing, *writer.lost.losses),
        model=str(job.model),
        paths=met.paths,
    )
