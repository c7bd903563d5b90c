"""Files: where a user's own are, and how they are written so that a crash does not spoil them.

The system releases a lock however its owner ends; a file gets its name only once all of it is on
disk, or the reason why it cannot be written is said. On a shared folder the writes of another
machine may show up late, and are waited for.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC, ENOTDIR
from pathlib import Path
from typing import Literal

from vsr.errors import Failed, NoSpace, UnwritableOutput, VsrError

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


def nearest(folder: Path) -> Path:
    """Return the folder, or the nearest above it that exists.

    Raises:
        UnwritableOutput: a name in it that no system takes.
    """
    folder = folder.absolute()
    try:
        return next(one for one in (folder, *folder.parents) if one.exists())
    except OSError as error:
        raise UnwritableOutput(f"{folder}: {error.strerror}. Choose another name.") from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, however deep.

    Raises:
        OSError: it cannot be made.
    """
    for one in reversed(_missing(folder)):
        one.mkdir(exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(folder))


def _missing(folder: Path) -> list[Path]:
    """Return the folder and those above it that do not exist, the deepest first."""
    folder, there = folder.absolute(), nearest(folder)
    return [one for one in (folder, *folder.parents) if one != there and there in one.parents]


@contextmanager
def folder_made(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; after an error, remove what is still empty of them.

    Raises:
        UnwritableOutput: it cannot be made.
    """
    made = _missing(folder)
    try:
        with writing(folder):
            make_folder(folder)
        yield
    except BaseException:
        with suppress(OSError):  # something is in it, such as the segments for another run
            for one in made:
                one.rmdir()
        raise


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


Kind = Literal["presets", "presets/looks", "presets/train", "pipelines", "models"]


def user_folder(kind: Kind) -> Path:
    """Return the folder in which the user's own files of a kind are looked up.

    It is inside ``$VSR_HOME``. Without that, recipes, being written by hand, are in
    ``~/.config/vsr``, and models, being made by programs, in ``~/.local/share/vsr``
    (``$XDG_CONFIG_HOME`` and ``$XDG_DATA_HOME`` move these). ``$VSR_MODELS``, if set, is the folder
    of models itself and takes precedence.

    Source: XDG Base Directory Specification 0.8.
    """
    if kind == "models" and (chosen := os.environ.get("VSR_MODELS")):
        return Path(chosen).expanduser()
    if home := os.environ.get("VSR_HOME"):
        return Path(home).expanduser() / kind
    if kind == "models":
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "vsr" / kind


def cache_folder() -> Path:
    """Return the folder for what can be made again: ``$VSR_HOME/cache``, else ``~/.cache/vsr``.

    ``$XDG_CACHE_HOME`` moves the latter. Source: XDG Base Directory Specification 0.8.
    """
    if home := os.environ.get("VSR_HOME"):
        return Path(home).expanduser() / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vsr"


PATIENCE_SECONDS = 60.0
"""NFS keeps attributes of folders for up to 60 s (acdirmax in nfs(5))."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 1.0


def wait_for(
    path: Path,
    size_bytes: int | None = None,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until ``path`` exists, with ``size_bytes`` if given.

    Raises:
        Failed: it does not appear.
    """
    end, pause = clock() + patience_seconds, FIRST_PAUSE_SECONDS
    while not _is_there(path, size_bytes):
        if clock() >= end:
            raise Failed(
                f"{path}: written by another worker, but not visible here after "
                f"{patience_seconds:g} s. Do all machines share this folder?"
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
