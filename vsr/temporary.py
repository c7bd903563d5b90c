"""Temporary folders that the next run clears where a run was killed, as no ``with`` ends then."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vsr.disk.locks import locked, remove_lock

LOCK = "vsr-temporary.lock"
"""A file in each temporary folder of vsr, and in no other, so that nothing else is ever cleared."""


@contextmanager
def temporary_folder(kind: str) -> Iterator[Path]:
    """Yield a new folder among the system's temporary ones, and remove it at the end.

    Folders of killed runs of the same user go first, whatever they were for.

    Args:
        kind: what it is for; a part of its name.
    """
    with (
        # another run may clear it too, between the end of its lock and its own
        tempfile.TemporaryDirectory(prefix=f"vsr-{kind}-", ignore_cleanup_errors=True) as name,
        ExitStack() as stack,
    ):
        folder = Path(name)
        _clear_beside(folder)
        with suppress(OSError):  # a file system without locks: it is removed at the end, or stays
            stack.enter_context(locked(folder / LOCK))
        yield folder


def _clear_beside(mine: Path) -> None:
    owner = mine.lstat().st_uid
    for folder in mine.parent.glob("vsr-*"):
        with suppress(OSError):
            facts, lock = folder.lstat(), folder / LOCK
            # the owner writes its number into the lock once it holds it: an empty one is being made
            if facts.st_uid == owner and stat.S_ISDIR(facts.st_mode) and lock.stat().st_size:
                with locked(lock):
                    shutil.rmtree(folder, ignore_errors=True)
                remove_lock(lock)
