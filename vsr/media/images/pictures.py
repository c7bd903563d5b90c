"""Images to measure and to show: 8-bit R'G'B', or gray if the file is gray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsr.errors import InvalidData, NoSuchFile
from vsr.media.images.deep_images import eight_bit
from vsr.media.images.images import RESULTS, is_image, read_image

Picture = NDArray[np.uint8]
"""(H, W, 3) R'G'B', or (H, W) gray."""


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """Return the images directly in a folder, by name.

    Raises:
        NoSuchFile: there is no such folder.
        InvalidData: it has no images.
    """
    if not folder.exists():
        raise NoSuchFile(f"{folder}: no such folder. Check the path.")
    if not folder.is_dir():
        raise InvalidData(f"{folder}: not a folder. Give a folder of images.")
    found = sorted(path for path in folder.iterdir() if is_image(path))
    if not found:
        raise InvalidData(f"{folder}: no images in it ({' '.join(RESULTS)}).")
    return tuple(found)


def read_picture(path: Path) -> Picture:
    """Read an image as `read_image` does, without its alpha and rounded to 8 bits.

    Raises:
        NoSuchFile, UnreadableMedia: as `read_image`.
    """
    return eight_bit(read_image(path).codes)


def as_rgb(picture: Picture) -> Picture:
    """Return (H, W, 3), repeating a gray plane three times."""
    return picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
