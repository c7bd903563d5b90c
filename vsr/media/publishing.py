"""Give a file its name only when all of it is on the disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def part_of(path: Path) -> Path:
    """Return the name of a file while it is being written."""
    return path.with_name(f"{path.name}.part")


def publish(part: Path, path: Path) -> None:
    """Bring ``part`` to the disk, then give it its name: a crash leaves one or the other."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folder
        return
    try:
        with suppress(OSError):  # some network file systems refuse
            os.fsync(handle)
    finally:
        os.close(handle)
