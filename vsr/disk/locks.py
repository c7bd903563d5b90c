"""Locks: the system releases one however its owner ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vsr.disk.publishing import remove

LONGEST_PID = 20
"""The most digits that a process id is read with."""

LOCKED_BYTE = 1 << 30
"""The byte of a lock file that is locked on Windows: far behind the owner's process id, which
others read."""

BINARY = getattr(os, "O_BINARY", 0)
"""A flag of Windows, without which it changes line ends."""


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
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Lock a file as `locked` does, and leave none: it is deleted while it is still this one's."""
    with ExitStack() as stack:
        stack.callback(remove_lock, path)  # where an open one cannot be deleted
        stack.enter_context(locked(path))
        stack.callback(remove, path)
        yield


def _open_locked(path: Path) -> int:
    while True:
        path.parent.mkdir(exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | BINARY, 0o644)
        except FileNotFoundError:
            if path.is_symlink():  # to a place that cannot be made
                raise
            continue  # the run that held it has just removed its folder
        try:
            _lock(handle)
            if _is_of(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the run that held it has just removed it


def _is_of(handle: int, path: Path) -> bool:
    """Return whether an open file still has that name."""
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _lock(handle: int) -> None:
    try:
        _take(handle)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            os.lseek(handle, 0, os.SEEK_SET)
            owner = os.read(handle, LONGEST_PID).decode("ascii", "replace") or "unknown"
            raise BlockingIOError(error.errno, f"in use by process {owner}") from error
        raise


def _take(handle: int) -> None:
    """Lock an open file, or fail at once; closing it lets go of it."""
    try:
        import fcntl
    except ImportError:  # Windows, which locks bytes, also those beyond the end, and nobody reads
        import msvcrt

        os.lseek(handle, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined] # of Windows
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_lock(path: Path) -> None:
    """Delete a lock that was let go of, and its empty folder, where an open one cannot be deleted.

    On Windows, that is; where another process holds it by now, it stays.
    """
    if BINARY:
        with suppress(OSError):
            path.unlink()
            path.parent.rmdir()
