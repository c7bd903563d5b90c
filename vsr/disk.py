"""Files that a crash does not spoil: locks, names that mean completeness, and a full disk.

The system releases a lock however its owner ends; a file gets its name only once all of it is on
disk, or the reason why it cannot be written is said.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path

from vsr.errors import NoSpace, UnwritableOutput, VsrError

LONGEST_PID = 20
"""Digits; more than any system gives."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file while the ``with`` lasts, creating it if missing; its folder must have a parent.

    The system releases the lock when the process ends, however it ends.

    Raises:
        BlockingIOError: another process holds it; ``strerror`` names that process.
        OSError: it cannot be created.
    """
    handle = _open_locked(path)
    try:
        with suppress(OSError):  # a full disk: the lock holds, only the name of its owner is lost
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _open_locked(path: Path) -> int:
    while True:
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle)
            if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the run that held it has just removed it


def _lock(handle: int) -> None:
    import fcntl  # absent on Windows, where nothing of this is tested

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            owner = os.pread(handle, LONGEST_PID, 0).decode("ascii", "replace") or "unknown"
            raise BlockingIOError(error.errno, f"in use by process {owner}") from error
        raise


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
