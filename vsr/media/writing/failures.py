"""Turn errors of FFmpeg and the system about an output into the errors of vsr."""

from __future__ import annotations

from errno import EPIPE
from pathlib import Path

from vsr.disk.failures import FULL
from vsr.errors import EncodingFailed, Failed, NoSpace


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
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return EncodingFailed(f"{path}: could not be written ({reason}).")
