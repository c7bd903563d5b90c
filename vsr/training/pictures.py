"""Still images of every kind → 8-bit RGB arrays, or a reason why not.

Apart from `media.images`, which keeps all that an image holds: training data come from anywhere, so
more formats are read, what a file is decides and not its name, whatever is changed is counted, and
what is doubtful is left out.

Flat fields and ramps are drawn among the patches: a network must add nothing there. They go through
camera and codec as the others do, and what is to be made of them is exactly what they were: no
teacher is asked, and tones stay.

Batches are cropped from them, and turned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from vsr.media.animation import reading_errors
from vsr.media.images.deep_images import MOST, eight_bit

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


FIELD_EVERY = 32
"""3 % of the patches."""

FLAT_SHARE = 0.5
GRAY_SHARE = 0.5
RAMP_DEVIATION = 40.0
"""How far the ends of a ramp lie apart, in codes: of a normal distribution."""


def is_field(number: int) -> bool:
    """Return whether the patch of this number is a field, in a set that has them."""
    return number % FIELD_EVERY == FIELD_EVERY - 1


def drawn_field(number: int, patch: int) -> Pixels:
    """Return the picture (3·patch, 3·patch, 3) of which a field's patch is the middle.

    Half of them are flat; half of all are gray. A ramp takes one direction; its colours are those
    of the ends of the patch, and it goes on beyond.
    """
    rng = np.random.default_rng((number, 4))
    is_flat, is_gray = rng.random(2) < (FLAT_SHARE, GRAY_SHARE)
    first = rng.integers(0, 256, 1 if is_gray else 3).astype(np.float64)
    last = first if is_flat else first + rng.normal(0, RAMP_DEVIATION, len(first))
    angle = rng.uniform(0, 2 * np.pi)
    offset = np.arange(3 * patch) - (3 * patch - 1) / 2
    way = np.sin(angle) * offset[:, None] + np.cos(angle) * offset
    share = way / (patch * (abs(np.sin(angle)) + abs(np.cos(angle)))) + 0.5
    codes = first + (last - first) * share[..., None]
    whole = np.clip(np.rint(codes), 0, 255).astype(np.uint8)
    return np.broadcast_to(whole, (*whole.shape[:2], 3))


Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Crops:
    """Where one batch is cut: indices, low-resolution corners and symmetries, (B,) each.

    ``which`` (B,) says of which pairs, where several are mixed.
    """

    index: Places
    row: Places
    column: Places
    symmetry: Places
    which: Places | None = None

    def part(self, rank: int, count: int) -> Crops:
        """Return the share of one of ``count`` processes."""
        return self.of(np.arange(rank, len(self.index), count))

    def of(self, take: Places) -> Crops:
        """Return those of some places in the batch."""
        which = None if self.which is None else self.which[take]
        return Crops(
            self.index[take], self.row[take], self.column[take], self.symmetry[take], which
        )


class Numbered(Protocol):
    """Pictures (P, P, 3), uint8, by number: an array of them, or what chooses among arrays."""

    def __getitem__(self, number: int, /) -> Pixels: ...


def cropped(pictures: Numbered, crops: Crops, corners: tuple[Places, Places], side: int) -> Pixels:
    """Cut (B, side, side, 3) out of N pictures (P, P, 3), turned.

    Args:
        corners: (rows, columns) in ``pictures``, which need not be the low resolution.
    """
    taken = np.empty((len(crops.index), side, side, 3), np.uint8)
    for i, (n, y, x, symmetry) in enumerate(zip(crops.index, *corners, crops.symmetry)):
        taken[i] = _turned(pictures[n][y : y + side, x : x + side], symmetry)
    return taken


def turned_moves(moves: Places, symmetry: Places) -> Places:
    """Return (down, right) of windows (B, 2) as they are in crops turned by ``symmetry``, (B,)."""
    is_transposed = symmetry[:, None] & 4 > 0
    turned = np.where(is_transposed, moves[:, ::-1], moves)
    flips = np.stack([symmetry & 2, symmetry & 1], axis=1) > 0
    return np.where(flips, -turned, turned)


def _turned(crop: Pixels, symmetry: int) -> Pixels:
    """Apply one of the eight symmetries of the square: bits transpose, flip rows, flip columns."""
    if symmetry & 4:
        crop = crop.transpose(1, 0, 2)
    if symmetry & 2:
        crop = crop[::-1]
    return crop[:, ::-1] if symmetry & 1 else crop
