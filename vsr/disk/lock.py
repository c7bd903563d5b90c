"""A lock that no crash leaves behind."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
