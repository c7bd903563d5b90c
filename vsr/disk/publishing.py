"""Give a file its name only once all of it is on disk; say why it cannot be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path

from vsr.errors import NoSpace, UnwritableOutput, VsrError


def part_of(path: Path) -> Path:
    """Return the name of a file while it is being written."""
    return path.with_name(f"{path.name}.part")


@contextmanager
def published(path: Path) -> Iterator[Path]:
    """Yield the name under which to write ``path``, and `publish` it; an error removes the part."""
    part = part_of(path)
    try:
        yield part
        publish(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def publish(part: Path, path: Path) -> None:
    """Flush ``part`` to disk, then rename it: a crash leaves one or the other."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, if the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open a folder
        return
    try:
        with suppress(OSError):  # some network file systems refuse
            os.fsync(handle)
    finally:
        os.close(handle)


FULL = (ENOSPC, EDQUOT, EFBIG)
"""No room is left: on the disk, in the user's quota, or below the limit on a file's size."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn system errors while ``path`` is written into errors of vsr.

    Raises:
        NoSpace: the disk is full.
        UnwritableOutput: for any other reason.
    """
    try:
        yield
    except VsrError:  # some are OSErrors too, and say it all already
        raise
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace(f"{path}: the disk is full. Make room and try again.") from error
        raise UnwritableOutput(f"{path}: cannot be written: {error.strerror or error}.") from error
