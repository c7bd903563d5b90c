"""Errors of the system while a file is written, turned into errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path

from vsr.errors import NoSpace, UnwritableOutput, VsrError

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
