"""Read images to measure: 8-bit R'G'B', or gray if the file is gray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsr.errors import InvalidData, NoSuchFile

Picture = NDArray[np.uint8]
"""(H, W, 3) R'G'B', or (H, W) gray."""

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".avif")

SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I")
"""Pillow's modes of 16-bit gray, which it would clip, not scale, to 8 bits."""


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
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise InvalidData(f"{folder}: no images in it ({' '.join(SUFFIXES)}).")
    return tuple(found)


def read_picture(path: Path) -> Picture:
    """Read the first image of a file, without its alpha, rotated as its EXIF tag says.

    Raises:
        InvalidData: it is not an image, is damaged, or implausibly large.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file)
            if image.mode in SIXTEEN_BIT:
                codes = np.asarray(image, dtype=np.float64)
                return np.clip(np.round(codes / 257), 0, 255).astype(np.uint8)
            is_gray = image.mode in ("L", "LA", "1")
            return np.array(image.convert("L" if is_gray else "RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidData(f"{path}: cannot be read as an image ({error}).") from error


def as_rgb(picture: Picture) -> Picture:
    """Return (H, W, 3), repeating a gray plane three times."""
    return picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
