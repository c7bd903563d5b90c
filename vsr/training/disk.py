"""Disk errors while a run is written, turned into errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path

from vsr.errors import NoSpace, UnwritableOutput, VsrError

FULL = (ENOSPC, EDQUOT, EFBIG)


@contextmanager
def writing(path: Path, part: Path | None = None) -> Iterator[None]:
    """Turn system errors while ``path`` is written into errors of vsr.

    Args:
        part: what is written first, under another name; it goes where it was not finished.

    Raises:
        NoSpace: the disk is full.
        UnwritableOutput: for any other reason.
    """
    try:
        yield
    except VsrError:  # some are OSErrors too, and say it all already
        raise
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        if error.errno in FULL:
            raise NoSpace(f"{path}: the disk is full. Free some space and resume.") from error
        raise UnwritableOutput(f"{path}: cannot be written: {error.strerror or error}.") from error
