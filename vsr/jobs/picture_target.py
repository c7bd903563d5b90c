"""Where the result of an image goes: what is refused before it is read."""

from __future__ import annotations

from pathlib import Path

from vsr.errors import OutputExists, UnsuitableContainer, UnwritableOutput
from vsr.media.images import RESULTS, is_image
from vsr.media.target import check_folder
from vsr.specs import UpscaleSpec


def check_name(target: Path) -> None:
    """Refuse a name that is not an image's.

    Raises:
        UnsuitableContainer: its suffix is of another kind of file, or missing.
    """
    if not is_image(target):
        raise UnsuitableContainer(
            f"{target}: not the name of an image format that vsr writes. "
            f"Choose one of {', '.join(RESULTS)}."
        )


def is_wanted(source: Path, target: Path, spec: UpscaleSpec) -> bool:
    """Check the target; return False if an existing one is to be kept.

    Raises:
        Refused: it exists and may not be replaced, or cannot be written.
    """
    check_name(target)
    if target.is_dir():
        raise UnwritableOutput(f"{target}: is a folder. Name a file in it.")
    if target.exists() and target.samefile(source):
        raise UnwritableOutput(f"{target}: the output is the input file. Choose another name.")
    if target.exists() and spec.existing == "skip":
        return False
    if target.exists() and spec.existing == "refuse":
        raise OutputExists(f"{target}: already exists. Add -y to overwrite it, or -n to skip it.")
    check_folder(target.parent)
    return True
