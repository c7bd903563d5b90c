"""Refuse an input by what the system says of its name, before any library is loaded."""

from __future__ import annotations

from pathlib import Path

from vsr.disk.nearby import hint_for_missing
from vsr.errors import MediaError, NoSuchFile, UnreadableMedia


def check_is_file(path: Path) -> None:
    """Check the simple reasons why a file cannot be read; the demuxer says them less plainly.

    Raises:
        NoSuchFile: it does not exist.
        UnreadableMedia: a folder, a pipe, a device, an empty file, or one that may not be read.
    """
    check_there(path)
    try:
        if path.is_dir():
            raise UnreadableMedia(f"{path}: is a folder. Name a file in it.")
        if path.is_fifo():
            raise UnreadableMedia(f"{path}: is a pipe, which can be read only once. Save it first.")
        if path.is_char_device():
            raise UnreadableMedia(f"{path}: is a device. Name a file, or - for standard input.")
        if path.is_file() and path.stat().st_size == 0:
            raise UnreadableMedia(f"{path}: the file is empty. Choose another file.")
    except PermissionError as error:
        raise UnreadableMedia(
            f"{path}: no permission to read it. Check its permissions."
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, MediaError):
            raise
        raise UnreadableMedia(f"{path}: {_reason(error)}. Check the path.") from error


def check_there(path: Path) -> None:
    """Check that an input exists.

    Raises:
        NoSuchFile: it does not, or it has a name that no system takes.
    """
    try:
        if path.exists():
            return
    except PermissionError:  # of a folder above it; it is told where the file is opened
        return
    except (OSError, ValueError) as error:
        raise NoSuchFile(f"{path}: {_reason(error)}. Check the path.") from error
    if str(path) == "-":
        raise NoSuchFile(
            "-: no file of that name, and only vsr upscale and vsr probe read from a pipe. Save "
            "what comes through it, and name that file."
        )
    if path.is_symlink():
        raise NoSuchFile(f"{path}: a link that leads nowhere. Check the path.")
    raise NoSuchFile(f"{path}: no such file. {hint_for_missing(path)}")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def is_there(path: Path, what: str) -> bool:
    """Return what `Path.is_dir` or its like does; False for a name that no system takes."""
    try:
        return bool(getattr(path, what)())
    except OSError:
        return False
