"""Pipes, without torch: standard input, or a named pipe, as a file that is read several times."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from hashlib import file_digest
from pathlib import Path

from vsr.errors import Interrupted, InvalidOption, UnreadableMedia, VsrError
from vsr.media.writing.target import output_failure
from vsr.specs import UpscaleSpec
from vsr.temporary import temporary_folder

PIPE = Path("-")

NOTHING_YET = "interrupted before the start: nothing was written."


@contextmanager
def named(clip: Path, source: Path | str) -> Iterator[None]:
    """Name in errors what the user gave, not the temporary file that stands for it."""
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
    told = "standard input" if source == PIPE else source
    with temporary_folder("stdin") as folder:
        copy = folder / "input"  # closed before it is read, as Windows wants it
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
        with named(copy, told):
            yield copy


def _stamp(copy: Path) -> None:
    """Set the time of a file by a hash of its contents, so that the same input resumes."""
    with copy.open("rb") as file:
        contents = file_digest(file, "sha256").digest()
    os.utime(copy, ns=(0, int.from_bytes(contents[:6])))


def check_pipe(spec: UpscaleSpec) -> None:
    """Refuse an output pipe without a format, or with what only a file has.

    Raises:
        InvalidOption: ``--format`` is missing, or an option of the segments was chosen.
    """
    if spec.container is None:
        raise InvalidOption("-: the output is a pipe. Name its format, such as --format matroska.")
    if flags := spec.asked_of_segments:
        raise InvalidOption(f"-: the output is a pipe. Omit what only files have: {flags}.")
