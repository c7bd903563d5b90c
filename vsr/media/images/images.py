"""Read and write single images: PNG, JPEG, WebP, AVIF, TIFF, BMP; turn them into frames and back.

JPEG and BMP have other names, too. JPEG 2000, the PNM family, TGA and ICO are read, and their
results are PNG. HEIC is read by the extra ``heic``: it is a grid of tiles, which PyAV does not put
together. An image's ICC profile is kept, because the meaning of the codes does not change. A frame
is full-range 4:4:4 (or gray) at 16 bits, at which 8-bit codes come back exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vsr.errors import UnreadableMedia
from vsr.media.animation import is_still, pillow_errors
from vsr.media.images.deep_images import (
    MOST,
    DeepCodes,
    deep_png,
    eight_bit,
    is_deep,
    read_deep,
    row_slices,
    sixteen_bit,
    upright,
)
from vsr.media.images.halved_chroma import halved_chroma
from vsr.media.images.image_tags import NO_TAGS, ImageTags, tags_of
from vsr.values import CropBox, Size

RESULTS = {
    ".png": ".png", ".jpg": ".jpg", ".jpeg": ".jpeg", ".webp": ".webp", ".avif": ".avif",
    ".tif": ".tif", ".tiff": ".tiff", ".bmp": ".bmp",
    ".jpe": ".jpg", ".jfif": ".jpg", ".mpo": ".jpg", ".dib": ".bmp",
    ".heic": ".jpg", ".heif": ".jpg", ".hif": ".jpg",
    ".jp2": ".png", ".j2k": ".png", ".jpx": ".png", ".ppm": ".png", ".pgm": ".png", ".pbm": ".png",
    ".pnm": ".png", ".tga": ".png", ".ico": ".png",
}  # fmt: skip
"""Suffix of an image → suffix of its result in a batch."""

_FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": "4:4:4"}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": "4:4:4"}),
    ".webp": ("WEBP", {"quality": 95}),
    ".avif": ("AVIF", {"quality": 90, "subsampling": "4:4:4"}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
    ".bmp": ("BMP", {}),
}
"""Pillow's name for each format, and its options: nearly lossless, as for a master."""

WRITTEN = tuple(_FORMATS)
DEEP = (".png",)
HAS_ALPHA = (".png", ".webp", ".avif", ".tif", ".tiff")

ORIENTATION = 0x0112
"""The number of the EXIF tag for the orientation of an image. Source: Exif 2.32, table 4."""

QUARTER_TURNED = (5, 6, 7, 8)
"""The values of that tag that exchange rows and columns."""

NOT_RGB = ("CMYK", "LAB", "YCbCr", "HSV")
"""What Pillow converts to R'G'B'; a profile would describe the original colours."""

SAME_COLOURS = ("YCbCr",)
"""Those of `NOT_RGB` that are R'G'B' in another arrangement, as in every JPEG."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StillImage:
    """An image as 16-bit codes; 8-bit ones are scaled to the whole range.

    Attributes:
        codes: (rows, columns, 3) R'G'B', or (rows, columns) gray.
        alpha: (rows, columns), None if opaque.
        bits: of the file, 8 or 16.
        icc: its colour profile, if any.
        converted_from: the colours of the file, such as CMYK, if they are not R'G'B'.
        is_profile_lost: its profile was for those.
        frames_lost: further images in the same file, which are not read.
        bits_lost: of each sample, which are not read.
        tags: what it says beside its pixels.
        halved: whether its codec held half the columns and half the rows of chroma, upright.
    """

    codes: DeepCodes
    alpha: DeepCodes | None = None
    bits: int = 8
    icc: bytes | None = None
    converted_from: str | None = None
    is_profile_lost: bool = False
    frames_lost: int = 0
    bits_lost: int = 0
    tags: ImageTags = NO_TAGS
    halved: tuple[bool, bool] = (False, False)

    def cropped(self, box: CropBox) -> StillImage:
        """Return the part of it in a box, which is inside it.

        Samples of halved chroma then begin up to a pixel beside it, as those of an image with an
        odd side do that EXIF turns. Against the truth Cb and Cr lose 0.03 and 0.06 dB of the 0.5
        and 0.4 that treating them as halved gains (32 pictures, x4).
        """
        rows = slice(box.y, box.y + box.size.height)
        columns = slice(box.x, box.x + box.size.width)
        alpha = None if self.alpha is None else self.alpha[rows, columns]
        return replace(self, codes=self.codes[rows, columns], alpha=alpha)


def is_image(path: Path) -> bool:
    """Return whether a file is an image that can be read: by its name, or by what is in it."""
    return path.suffix.lower() in RESULTS or is_still(path)


def is_written(path: Path) -> bool:
    """Return whether a name is that of an image that can be written."""
    return path.suffix.lower() in _FORMATS


HEIF = (".heic", ".heif", ".hif")


def opened(path: Path) -> Any:
    """Return an image as Pillow opens it; the caller closes it.

    Raises:
        UnreadableMedia: it is HEIC, and the extra is not installed.
    """
    from PIL import Image

    if path.suffix.lower() in HEIF:
        try:
            from pillow_heif import register_heif_opener
        except ImportError as error:
            raise UnreadableMedia(
                f"{path}: HEIC needs the extra heic: pip install 'vsr-cli[heic]' (pillow-heif "
                "with libheif and libde265, LGPL, and x265, GPL). Or convert it to .jpg first."
            ) from error
        register_heif_opener()
    return Image.open(path)


def image_format(path: Path) -> str:
    """Return Pillow's name of the format of an image, whatever its suffix says.

    Raises:
        NoSuchFile, UnreadableMedia: as `read_image`.
    """
    with pillow_errors(path), opened(path) as file:
        return file.format or ""


def image_size(path: Path) -> Size:
    """Return the size of an image, rotated as its EXIF tag says; only its header is read.

    Raises:
        NoSuchFile, UnreadableMedia: as `read_image`.
    """
    with pillow_errors(path), opened(path) as file:
        size = Size(*file.size)
        # Pillow would decode a whole PNG to look for a tag after its pixels.
        is_tagged = file.format != "PNG" or "exif" in file.info
        is_turned = is_tagged and file.getexif().get(ORIENTATION, 1) in QUARTER_TURNED
        return size.turned() if is_turned else size


def read_image(path: Path) -> StillImage:
    """Read an image, rotated as its EXIF tag says.

    Raises:
        NoSuchFile, UnreadableMedia: it does not exist, is not an image, or is damaged.
    """
    from PIL import ImageOps

    with pillow_errors(path), opened(path) as file:
        icc, frames = file.info.get("icc_profile"), getattr(file, "n_frames", 1)
        mode, has_deep_samples = file.mode, is_deep(path, file)
        is_converted = mode in NOT_RGB
        if has_deep_samples and not is_converted:
            codes, alpha = read_deep(path)
            turn = file.getexif().get(ORIENTATION, 1)
            codes, bits = upright(codes, turn), 16
            alpha = None if alpha is None else upright(alpha, turn)
        else:
            codes, alpha, bits = _codes_of(ImageOps.exif_transpose(file))
        tags, halved = tags_of(file), halved_chroma(path, file)
        if file.getexif().get(ORIENTATION, 1) in QUARTER_TURNED:
            halved = halved[::-1]
        stored_bits = 16 if has_deep_samples else file.info.get("bit_depth", 0)
    return StillImage(
        codes=codes,
        alpha=alpha,
        bits=bits,
        icc=None if is_converted else icc,
        converted_from=mode if is_converted and mode not in SAME_COLOURS else None,
        is_profile_lost=is_converted and icc is not None,
        frames_lost=frames - 1,
        bits_lost=max(0, stored_bits - bits),
        tags=tags,
        halved=halved,
    )


def write_image(file: Path, suffix: str, picture: StillImage) -> None:
    """Write an image in the format of ``suffix``, whatever the name of ``file``.

    Depth is kept if the format holds it, else rounded to 8 bits.

    Raises:
        OSError: it cannot be written.
    """
    from PIL import Image

    name, options = _FORMATS[suffix.lower()]
    alpha = picture.alpha if suffix.lower() in HAS_ALPHA else None
    if picture.bits == 16 and suffix.lower() in DEEP:
        file.write_bytes(deep_png(picture.codes, alpha, picture.icc, picture.tags))
        return
    parts = [picture.codes if picture.codes.ndim == 3 else picture.codes[:, :, None]]
    parts += [] if alpha is None else [alpha[:, :, None]]
    eight = np.empty((*parts[0].shape[:2], sum(part.shape[2] for part in parts)), np.uint8)
    for rows in row_slices(eight.shape[0]):
        eight[rows] = eight_bit(np.concatenate([part[rows] for part in parts], axis=2))
    image = Image.fromarray(eight[:, :, 0] if eight.shape[2] == 1 else eight)
    with file.open("wb") as output:
        more = picture.tags.options(suffix)
        image.save(output, name, icc_profile=picture.icc, **{**options, **more})


def _codes_of(image: Any) -> tuple[DeepCodes, DeepCodes | None, int]:
    """Return codes, alpha and depth of what Pillow has read."""
    if image.mode.startswith("I"):  # 16-bit gray
        gray = np.asarray(image)
        if gray.min() < 0 or gray.max() > MOST:
            raise ValueError("integer samples of 32 bits without a defined range")
        return gray.astype(np.uint16), None, 16
    if image.mode == "F":
        raise ValueError("floating-point samples without a defined range")
    has_alpha = image.has_transparency_data
    is_gray = image.mode in ("L", "LA", "1")
    colours = "L" if is_gray else "RGB"
    whole = image.convert("RGBA") if has_alpha else image
    codes = np.asarray(whole.convert(colours))
    alpha = np.asarray(whole.getchannel("A")) if has_alpha else None
    return sixteen_bit(codes), None if alpha is None else sixteen_bit(alpha), 8
