"""On a shared folder the writes of another machine may show up late, and are waited for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from vsr.errors import Failed

PATIENCE_SECONDS = 60.0
"""NFS keeps attributes of folders for up to 60 s (acdirmax in nfs(5))."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 1.0


def wait_for(
    path: Path,
    size_bytes: int | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until ``path`` exists, with ``size_bytes`` if given.

    Raises:
        Failed: it does not appear.
    """
    end, pause = clock() + PATIENCE_SECONDS, FIRST_PAUSE_SECONDS
    while not _is_there(path, size_bytes):
        if clock() >= end:
            raise Failed(
                f"{path}: written by another worker, but not visible here after "
                f"{PATIENCE_SECONDS:g} s. Do all machines share this folder?"
            )
        sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        _look_again(path.parent)


def _is_there(path: Path, size_bytes: int | None) -> bool:
    try:
        return size_bytes is None or path.stat().st_size == size_bytes if path.exists() else False
    except OSError:
        return False


def _look_again(folder: Path) -> None:
    """List the folder, which makes a network file system ask its server."""
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except OSError:
        pass
