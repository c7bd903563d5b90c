"""Standard input and output as clips: ``-``. What goes into a pipe is not resumed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from hashlib import file_digest
from pathlib import Path

from vsr.errors import Interrupted, InvalidOption, UnreadableMedia, VsrError
from vsr.frames import HostFrame
from vsr.jobs.progress import Note, Result
from vsr.jobs.upscale.segment_worker import SegmentWorker, encoder_of, rated
from vsr.jobs.upscale.upscale_plan import Job
from vsr.media.images.images import is_image
from vsr.media.resume.segments import plan
from vsr.media.sequence import (
    DEFAULT_RATE,
    animation_as_film,
    as_film,
    find_images,
    in_order,
    is_animated,
    is_numbered,
    is_sequence,
)
from vsr.media.source.opening import check_there
from vsr.media.writing.output_file import DirectWriter
from vsr.media.writing.target import output_failure
from vsr.option import rate_of
from vsr.specs import UpscaleSpec

PIPE = Path("-")

STANDARD_OUTPUT = "pipe:1"
"""FFmpeg's name for it."""

NOTHING_YET = "interrupted before the start: nothing was written."

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
        if is_film and is_animated(source):
            with animation_as_film(source) as clip, _named(clip, source):
                yield clip
        else:
            yield source
        return
    images = find_images(source) if isinstance(source, Path) else in_order(source[0].parent, source)
    note(f"{images}.")
    if spec.fps is None:
        note(f"{DEFAULT_RATE} frames per second, as --fps is not given.")
    rate = DEFAULT_RATE if spec.fps is None else rate_of(spec.fps)
    with as_film(images, rate) as film, _named(film, images.name):
        yield film


@contextmanager
def _named(clip: Path, source: Path) -> Iterator[None]:
    """Let errors name what the user gave, and not the file that stands for it."""
    try:
        yield
    except VsrError as error:
        if str(clip) not in str(error):
            raise
        raise type(error)(str(error).replace(str(clip), str(source))) from error


@contextmanager
def spooled(source: Path) -> Iterator[Path]:
    """Yield the source, or, for ``-`` or a named pipe, a temporary file with what comes through.

    A clip is read several times: to probe, to plan, to decode, and for its audio.

    Raises:
        UnreadableMedia: nothing came.
        Interrupted: before all had come.
        NoSpace: the temporary file does not fit.
    """
    if source != PIPE and not source.is_fifo():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="vsr-stdin-") as folder:
        copy = Path(folder, "input")  # closed before it is read, as Windows wants it
        try:
            with (
                nullcontext(sys.stdin.buffer) if source == PIPE else source.open("rb") as pipe,
                copy.open("wb") as file,
            ):
                shutil.copyfileobj(pipe, file)
        except OSError as error:
            raise output_failure(error, copy) from error
        except KeyboardInterrupt as error:
            raise Interrupted(NOTHING_YET) from error
        if not copy.stat().st_size:
            name = "standard input" if source == PIPE else "the pipe"
            raise UnreadableMedia(f"{source}: {name} is empty. Pipe a video into it.")
        _stamp(copy)
        yield copy


def _stamp(copy: Path) -> None:
    """Let the time of a file say its contents: what is piped again goes on where it stopped."""
    with copy.open("rb") as file:
        contents = file_digest(file, "sha256").digest()
    os.utime(copy, ns=(0, int.from_bytes(contents[:6])))


def check_pipe(container: str | None) -> None:
    """Refuse an output pipe without a format.

    Raises:
        InvalidOption: ``--format`` is missing.
    """
    if container is None:
        raise InvalidOption("-: the output is a pipe. Name its format, such as --format matroska.")


def upscale_into_pipe(
    job: Job, worker: SegmentWorker, on_frame: Callable[[HostFrame], None], note: Note
) -> Result:
    """Send finished frames and the other streams straight to standard output.

    Args:
        on_frame: called with each frame that was sent.

    Raises:
        Failed: it cannot be finished, or the pipe was closed by its reader.
    """
    started = time.monotonic()
    (whole,) = rated(job, plan(job.source, WHOLE, job.spec.time))
    encoder = encoder_of(job, whole)
    with DirectWriter.create(
        STANDARD_OUTPUT, job.source, job.streams, job.video, encoder, whole.span
    ) as writer:
        met = worker.run(job, whole.span, writer, on_frame, note)
    return Result(
        output=job.target,
        frames_in=met.frames_in,
        frames_out=writer.frames,
        frames_reused=met.reused,
        reused_tiles=met.reused_tiles,
        elapsed_seconds=time.monotonic() - started,
        losses=(*job.lost, *met.losses, *writer.missing, *writer.lost.losses),
        model=str(job.model),
        paths=met.paths,
    )
