"""Refuse a target that could not be written, before the start; name what stops it later."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import ENOTDIR, EPIPE
from pathlib import Path

from vsr.disk.publishing import FULL
from vsr.errors import EncodingFailed, Failed, NoSpace, OutputExists, UnwritableOutput
from vsr.media.containers import Container, container_for
from vsr.media.encoding.nvenc import SESSIONS
from vsr.media.sequence import is_numbered, numbered
from vsr.specs import Existing

LEAST_BITS_PER_PIXEL = {"ffv1": 0.01, "prores": 0.05}
LEAST_BITS_OF_LOSSY = 0.0001
"""Bits per pixel, less than black takes at 1920×1080: measured were ffv1 0.0150, prores 0.080, hevc
0.00065, h264 0.00031 and av1 0.00011. A lecture of slides takes little more.
"""


def check_target(
    source: Path | None, target: Path, existing: Existing, format_name: str | None = None
) -> Container | None:
    """Return the container that the target asks for, or None if an existing one is to be kept.

    Args:
        source: the input, which must not be the target; None for a pipe.
        existing: what to do with an existing file.
        format_name: a container by name, if the suffix does not determine it.

    Raises:
        UnsuitableContainer: the suffix is not one that vsr writes.
        OutputExists: the target exists, and ``existing`` is ``refuse``.
        UnwritableOutput: target and source are one file, or the folder is read-only.
    """
    check_no_folder(target)
    container = container_for(target, format_name)
    return container if is_wanted(source, target, existing) else None


def check_no_folder(target: Path) -> None:
    """Refuse the name of a folder, and one that no system takes.

    Raises:
        UnwritableOutput: it is one.
    """
    nearest(target)
    if target.is_dir():
        raise UnwritableOutput(f"{target}: is a folder. Name a file in it.")


def is_wanted(source: Path | None, target: Path, existing: Existing) -> bool:
    """Check that a file can be written; return False if an existing one is to be kept.

    Raises:
        OutputExists: the target exists, and ``existing`` is ``refuse``.
        UnwritableOutput: target and source are one file, the target is a device or a pipe, or the
            folder is read-only.
    """
    if source is not None and _is_same(source, target):
        raise UnwritableOutput(f"{target}: the output is the input file. Choose another name.")
    if is_numbered(target) and target.suffix.lower() == ".png":
        if earlier := numbered(target):
            if existing == "skip":
                return False
            if existing == "refuse":
                raise OutputExists(
                    f"{target}: {len(earlier)} such images already exist. Add -y to replace them, "
                    "or -n to skip it."
                )
    elif target.exists():
        if not target.is_file():  # the finished file would replace it
            raise UnwritableOutput(
                f"{target}: is a device or a pipe. Name a file, or - for standard output."
            )
        if existing == "skip":
            return False
        if existing == "refuse":
            raise OutputExists(
                f"{target}: already exists. Add -y to overwrite it, or -n to skip it."
            )
    check_folder(target.parent)
    return True


def check_folder(folder: Path) -> None:
    """Check that a file can be created in a folder, by creating an unnamed one.

    A folder that is missing is looked at where it would be made (`folder_made`).

    Raises:
        UnwritableOutput: it is not a folder, or read-only.
    """
    there = nearest(folder)
    if not there.is_dir():
        raise UnwritableOutput(f"{there}: is not a folder. Choose another target.")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnwritableOutput(
            f"{folder}: cannot be written ({reason}). Choose another folder, or change its "
            "permissions."
        ) from error


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
        UnwritableOutput: it cannot be made.
    """
    try:
        for one in reversed(_missing(folder)):
            one.mkdir(exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(folder))
    except OSError as error:
        if isinstance(error, UnwritableOutput):
            raise
        raise UnwritableOutput(
            f"{folder}: cannot be created ({error.strerror}). Choose another folder."
        ) from error


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
        make_folder(folder)
        yield
    except BaseException:
        _remove_empty(made)
        raise


def segments_folder(work_dir: str | None) -> Path | None:
    """Return the folder that ``--work-dir`` names; None: segments are next to their target."""
    return None if work_dir is None else Path(work_dir).expanduser()


@contextmanager
def left_as_found(folder: Path | None) -> Iterator[None]:
    """Remove at the end what is still empty of a folder and those above it that were not there."""
    missing = [] if folder is None else _missing(folder)
    try:
        yield
    finally:
        _remove_empty(missing)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, the deepest first, up to one that is not empty."""
    with suppress(OSError):  # something is in it, such as the segments for another run
        for one in folders:
            one.rmdir()


def least_bytes(codec: str, pixels: int, frames: int) -> int:
    """Return a lower bound of what a video of this size needs, segments and joined file together.

    A deliberately low estimate: it refuses only what cannot succeed.
    """
    bits = LEAST_BITS_PER_PIXEL.get(codec, LEAST_BITS_OF_LOSSY)
    return round(2 * pixels * frames * bits / 8)


def check_space(folder: Path, needed_bytes: int) -> None:
    """Refuse to start if the disk is sure to fill up.

    Raises:
        UnwritableOutput: less is free than needed.
    """
    free = shutil.disk_usage(nearest(folder)).free
    if free < needed_bytes:
        raise UnwritableOutput(
            f"{folder}: at least {_size(needed_bytes)} is needed, but only {_size(free)} is free. "
            f"Make room, or choose another folder."
        )


def _is_same(source: Path, target: Path) -> bool:
    try:
        return source.samefile(target)
    except OSError:  # one of them does not exist
        return False


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def output_failure(error: Exception, path: Path | str) -> Failed:
    """Return the error to raise from ``error``, which arose while ``path`` was written."""
    if isinstance(error, Failed):
        return error
    code = getattr(error, "errno", None)
    if code in FULL:
        return NoSpace(
            f"{path}: the disk is full, or a limit on file size is reached. "
            f"Make room and run the same command again."
        )
    if code == EPIPE:
        return EncodingFailed(f"{path}: its reader closed it before the end; run both again.")
    _, name, said = getattr(error, "log", None) or (0, "", "")
    if name.endswith("_nvenc"):
        return EncodingFailed(
            f"{path}: {name} failed ({said.strip().rstrip('.')}): {SESSIONS}. "
            "Finished segments are kept: repeat the command."
        )
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return EncodingFailed(f"{path}: could not be written ({reason}).")
