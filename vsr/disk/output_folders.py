"""Folders for output: checked, made when they are wanted, and removed again while empty."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import ENOTDIR
from pathlib import Path

from vsr.errors import UnwritableOutput


def check_folder(folder: Path) -> None:
    """Check that a file can be created in a folder, by creating an unnamed one.

    A folder that is missing is looked at where it would be made (`folder_made`).

    Raises:
        UnwritableOutput: it is not a folder, or read-only.
    """
    there = nearest_existing(folder)
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


def nearest_existing(folder: Path) -> Path:
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
    folder, there = folder.absolute(), nearest_existing(folder)
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
