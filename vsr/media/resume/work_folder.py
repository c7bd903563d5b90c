"""The folder next to a target: its name, its contents, and when it is no longer needed.

A run killed between publishing its file and removing the folder would leave it forever, as the
next one is refused: the target exists. A note in the folder says that it may be removed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from vsr.disk.lock import locked
from vsr.disk.publishing import publish, published

MANIFEST, LOCK, PUBLISHED = "job.json", "lock", "published.json"


def work_folder_of(target: Path) -> Path:
    """Return the folder in which the segments of ``target`` are made."""
    return target.with_name(f".{target.name}.vsr")


def record(segment: Path, facts: Mapping[str, Any]) -> None:
    """Record what was found while making a segment; call it before the commit.

    Args:
        segment: its future path.
        facts: JSON values.
    """
    part = segment.with_suffix(f".{os.getpid()}.json.part")  # a lost worker may still be writing
    part.write_text(json.dumps(dict(facts)), encoding="utf-8")
    publish(part, segment.with_suffix(".json"))


def note_published(folder: Path, joined: Path) -> None:
    """Note which file is about to get the target's name: size and time go with it."""
    facts = joined.stat()
    with published(folder / PUBLISHED) as part:
        part.write_text(json.dumps([facts.st_size, facts.st_mtime_ns]), encoding="utf-8")


def is_published(target: Path) -> bool:
    """Return whether the file at ``target`` came from the work folder next to it."""
    try:
        noted = json.loads((work_folder_of(target) / PUBLISHED).read_text(encoding="utf-8"))
        facts = target.stat()
    except (OSError, ValueError):
        return False
    return bool(noted == [facts.st_size, facts.st_mtime_ns])


def remove_folder(folder: Path) -> None:
    """Delete a work folder that this process has locked; the note goes last."""
    for path in folder.glob("*"):
        if path.name not in (LOCK, PUBLISHED):
            with suppress(OSError):
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def remove_published(target: Path) -> None:
    """Remove the work folder that a crash left next to its finished file, if any."""
    folder = work_folder_of(target)
    if is_published(target):
        with suppress(OSError), locked(folder / LOCK):  # else whoever holds the lock removes it
            remove_folder(folder)
