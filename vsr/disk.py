"""Files: where a user's own are, and how they are written so that a crash does not spoil them.

The system releases a lock however its owner ends; a file gets its name only once all of it is on
disk, or the reason why it cannot be written is said. On a shared folder the writes of another
machine may show up late, and are waited for.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from hashlib import sha256
from pathlib import Path
from typing import Literal

from vsr.errors import Failed, NoSpace, UnwritableOutput, VsrError

LONGEST_PID = 20
"""Digits; more than any system gives."""

LOCKED_BYTE = 1 << 30
"""Of a lock file on Windows; far behind the number of its owner, which others read."""

BINARY = getattr(os, "O_BINARY", 0)
"""A flag of Windows, which else changes the ends of lines."""


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


def _open_locked(path: Path) -> int:
    while True:
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | BINARY, 0o644)
        try:
            _lock(handle)
            if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the run that held it has just removed it


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
"""Bytes of a name; what Linux, macOS and Windows take in common."""


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
"""In seconds; where files that are open cannot be renamed."""


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
