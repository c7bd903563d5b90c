"""Standard input and output as clips: ``-``. What goes into a pipe is not resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from vsr.errors import InvalidOption, UnreadableMedia, UnsuitableContainer
from vsr.frames import HostFrame
from vsr.jobs.progress import Note, Result
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.segment_plan import encoder_of, rated
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.source_film import film_of
from vsr.jobs.upscale.spool import PIPE
from vsr.media.images.images import RESULTS, is_image, is_written
from vsr.media.resume.segments import plan
from vsr.media.sequence import SUFFIXES, is_numbered, is_sequence
from vsr.media.source.decoder import Damage
from vsr.media.source.opening import check_there
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
    if isinstance(source, Path) and not is_sequence(source):
        if source != PIPE:
            check_there(source)
        if spec.fps is not None:
            raise InvalidOption(
                f"{source}: --fps is for image sequences; vsr keeps the frame rate and every "
                "timestamp of the source. Omit it."
            )
        is_film = not is_image(target) or is_numbered(target)
        if source == PIPE and not is_film and spec.container is None:
            raise UnsuitableContainer(
                f"{target}: names an image, and what comes from a pipe is read as a film. Name a "
                "film, such as out.mkv, or the image file itself instead of -."
            )
        if not is_film:
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


def check_film(source: Path, target: Path, container: str | None) -> None:
    """Refuse the name of an image for a film, and to take an image that cannot be read for one.

    Raises:
        UnreadableMedia, UnsuitableContainer: it is so.
    """
    kind = source.suffix.lower()
    if kind in SUFFIXES - RESULTS.keys() and source.is_file():
        raise UnreadableMedia(
            f"{source}: {kind[1:].upper()} is read as the frames of a sequence, and not as one "
            f"image. Convert it to PNG or TIFF, or name {source.stem}/%05d.png as the output."
        )
    if container is None and is_written(target):
        raise UnsuitableContainer(
            f"{target}: names an image, and {source.name} is read as a film. Name a film, such as "
            f"{source.stem}.mp4, or {source.stem}/%05d.png for an image of every frame."
        )
