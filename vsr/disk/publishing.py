"""How files are written so that a crash does not spoil them.

A file gets its name only once all of it is on disk, or the reason why it cannot be written is said.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from hashlib import sha256
from pathlib import Path

from vsr.errors import NoSpace, UnwritableOutput, VsrError


def remove(path: Path) -> None:
    """Delete a file, or a folder with what is in it, as far as that is possible."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def part_of(path: Path) -> Path:
    """Return the name of a file while it is being written."""
    return path.with_name(name_around("", path.name, ".part"))


LONGEST_NAME = 255
"""The longest file name in bytes that Linux, macOS and Windows all accept."""


def name_around(before: str, name: str, after: str) -> str:
    """Return a name with something around it; what is too long is cut, and told apart by a hash."""
    whole = os.fsencode(name)
    room = LONGEST_NAME - len(os.fsencode(before + after))
    if len(whole) <= room or len(whole) > LONGEST_NAME:  # such a name is refused as it is
        return f"{before}{name}{after}"
    digest = sha256(whole).hexdigest()[:12]
    kept = whole[: room - len(digest) - 1].decode("utf-8", "ignore")
    return f"{before}{kept}-{digest}{after}"


@contextmanager
def published(path: Path) -> Iterator[Path]:
    """Yield the name under which to write ``path``, and `publish` it; an error removes the part.

    Several processes may write the same file at once: the last one that is complete stays.
    """
    part = _own_part(path)
    try:
        yield part
        publish(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


ABANDONED_SECONDS = 3600.0
"""A temporary file that has not grown for this long was left by a killed process."""


def _own_part(path: Path) -> Path:
    """Create the part of a file, under a name of its own while another process writes one."""
    part = part_of(path)
    with suppress(FileNotFoundError):  # it has just been published
        if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
            remove(part)
    try:
        part.touch(exist_ok=False)
    except FileExistsError:
        part = path.with_name(
            name_around("", path.name, f".{os.getpid()}-{os.urandom(4).hex()}.part")
        )
        part.touch(exist_ok=False)
    return part


def publish(part: Path, path: Path) -> None:
    """Flush ``part`` to disk, then rename it: a crash leaves one or the other."""
    with part.open("r+b") as file:  # Windows flushes only what could be written
        os.fsync(file.fileno())
    replace(part, path)
    sync_folder(path.parent)


def replace(part: Path, path: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Rename ``part`` to ``path``, in place of a file there.

    On Windows a virus scanner or an indexer holds a new file open for a moment, and it cannot be
    renamed meanwhile: it is tried for two seconds.

    Raises:
        OSError: it cannot be renamed.
    """
    for pause in RENAME_PAUSES if hasattr(os, "O_BINARY") else ():
        try:
            part.replace(path)
        except PermissionError:
            sleep(pause)
        else:
            return
    part.replace(path)


RENAME_PAUSES = (0.1, 0.2, 0.4, 0.6, 0.7)
"""Seconds between attempts to rename, where the system renames no open file."""


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
