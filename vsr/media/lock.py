"""A lock that no crash leaves behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def locked(path: Path) -> int:
    """Open and lock a file, creating it if missing; closing the returned handle unlocks it.

    The system releases the lock when the process ends, however it ends.

    Raises:
        BlockingIOError: another process holds it.
        OSError: it cannot be created.
    """
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
            raise BlockingIOError(error.errno, "locked") from error
        raise
