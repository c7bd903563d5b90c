"""Still images of every kind → 8-bit RGB arrays, or a reason why not.

Apart from `media.images`, which keeps all that an image holds: training data come from anywhere, so
more formats are read, what a file is decides and not its name, whatever is changed is counted, and
what is doubtful is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from vsr.media.animation import reading_errors
from vsr.media.images.deep_images import MOST, eight_bit, is_deep, read_deep, upright
from vsr.media.images.images import NOT_RGB

Pixels = NDArray[np.uint8]
"""(…, H, W, 3) 8-bit R'G'B'."""

SUFFIXES = {
    "AVIF": (".avif",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "JPEG2000": (".jp2", ".j2k"),
    "PNG": (".png", ".apng"),
    "PPM": (".ppm", ".pgm", ".pnm", ".pbm"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
"""The formats that are read, as Pillow names them, and the names their files may have."""

MAX_PIXELS = 250_000_000
"""A header that claims more is treated as damage: 250 megapixels are 750 MB."""


class UnusablePicture(Exception):
    """An image that training cannot use. The message is the reason, in a few words."""


@dataclass(frozen=True, slots=True)
class TrainingPicture:
    """One decoded image.

    ``pixels`` is (H, W, 3), uint8, sRGB codes; ``conversions`` says what was changed to get there.
    """

    pixels: Pixels
    conversions: tuple[str, ...] = ()


def is_picture(path: Path) -> bool:
    """Return whether a name ends like an image's."""
    return any(path.suffix.lower() in suffixes for suffixes in SUFFIXES.values())


def decode_picture(path: Path) -> TrainingPicture:
    """Decode an image, upright, as RGB.

    Raises:
        UnusablePicture: unreadable, of an unknown kind, partly transparent, or far too large.
    """
    try:
        with Image.open(path, formats=tuple(SUFFIXES)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnusablePicture(f"larger than {MAX_PIXELS // 10**6} megapixels")
            conversions = list(_remarks(image, path))
            if is_deep(path, image) and image.mode not in NOT_RGB:
                turned = image.getexif().get(ExifTags.Base.Orientation, 1)
                return TrainingPicture(_rounded(path, turned, conversions), tuple(conversions))
            upright = ImageOps.exif_transpose(image)
            return TrainingPicture(_rgb(upright, conversions), tuple(conversions))
    except UnidentifiedImageError as error:
        raise UnusablePicture("not an image") from error
    except reading_errors() as error:
        raise UnusablePicture("damaged") from error


def _remarks(image: Image.Image, path: Path) -> Iterator[str]:
    """Return what is unusual about the file, before looking at its pixels."""
    kind = "JPEG" if image.format == "MPO" else image.format or ""  # a JPEG with more after it
    if path.suffix.lower() not in SUFFIXES[kind]:
        yield "suffix of another format"
    if getattr(image, "n_frames", 1) > 1:
        yield "animated, first frame taken"


def _rounded(path: Path, orientation: int, conversions: list[str]) -> Pixels:
    """Return an image of 16 bits per sample, which Pillow would cut to 8, rounded and upright."""
    codes, alpha = read_deep(path)
    if alpha is not None:
        if alpha.min() < MOST:
            raise UnusablePicture("partly transparent")
        conversions.append("alpha removed")
    conversions.append("16 bit gray" if codes.ndim == 2 else "16 bit")
    pixels = eight_bit(upright(codes, orientation))
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _rgb(image: Image.Image, conversions: list[str]) -> Pixels:
    """Convert any of Pillow's modes; what was done is appended to ``conversions``."""
    if image.mode == "F":
        raise UnusablePicture("floating point")
    if image.mode.startswith("I"):
        conversions.append("16 bit gray")
        gray = eight_bit(np.clip(np.asarray(image), 0, MOST).astype(np.uint16))
        return np.repeat(gray[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise UnusablePicture("partly transparent")
        conversions.append("alpha removed")
    elif image.mode != "RGB":
        conversions.append({"L": "gray", "1": "gray", "P": "palette"}.get(image.mode, image.mode))
    return np.array(image.convert("RGB"))
