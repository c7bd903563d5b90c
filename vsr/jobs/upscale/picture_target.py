"""Where the result of an image goes: what is refused before it is read."""

from __future__ import annotations

from pathlib import Path

from vsr.errors import UnsuitableContainer
from vsr.media.images.images import RESULTS, is_image
from vsr.media.writing.target import check_no_folder, is_wanted
from vsr.specs import Existing


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


def is_picture_wanted(source: Path, target: Path, existing: Existing) -> bool:
    """Check the target of an image; return False if an existing one is to be kept.

    Raises:
        Refused: it is not an image's name, exists and may not be replaced, or cannot be written.
    """
    check_name(target)
    check_no_folder(target)
    return is_wanted(source, target, existing)
