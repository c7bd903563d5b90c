"""Refuse a target that could not be written, before the start; name what stops it later."""

from __future__ import annotations

import shutil
from errno import EPIPE
from pathlib import Path

from vsr.disk.output_folders import check_folder, nearest_existing
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
    nearest_existing(target)
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
    free = shutil.disk_usage(nearest_existing(folder)).free
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
