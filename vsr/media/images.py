"""Read and write single pictures: PNG, JPEG, WebP, AVIF, TIFF, BMP.

A picture travels through the engine as one frame of full-range 4:4:4 (or gray) at 16 bits, so that
8-bit codes come back exactly. Its ICC profile is kept: what the codes mean does not change.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Colour, Matrix, Range, rgb_from_yuv, yuv_from_rgb
from vsr.errors import NoSuchFile, UnreadableMedia
from vsr.frames import HostFrame, Layout
from vsr.specs import Size

RESULTS = {
    ".png": ".png", ".jpg": ".jpg", ".jpeg": ".jpeg", ".webp": ".webp", ".avif": ".avif",
    ".tif": ".tif", ".tiff": ".tiff", ".bmp": ".bmp",
}  # fmt: skip
"""Suffix of a picture → suffix of its result in a folder."""

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
"""Pillow's name of each format, and how it is written: hardly lossy, as for a master."""

DEEP = (".png",)
HAS_ALPHA = (".png", ".webp", ".avif", ".tif", ".tiff")

FULL = Colour(matrix=Matrix.BT709, range=Range.FULL)
MOST = 65535

Codes = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A picture as 16-bit codes; 8-bit ones are spread over the whole range.

    Attributes:
        codes: (rows, columns, 3) R'G'B', or (rows, columns) gray.
        alpha: (rows, columns), None if opaque.
        bits: of the file, 8 or 16.
        icc: its colour profile, if any.
        frames_lost: further pictures in the same file, which are not read.
    """

    codes: Codes
    alpha: Codes | None = None
    bits: int = 8
    icc: bytes | None = None
    frames_lost: int = 0


def is_picture(path: Path) -> bool:
    """Say whether a name is that of a picture that can be read and written."""
    return path.suffix.lower() in _FORMATS


def image_size(path: Path) -> Size:
    """Return the size of a picture as it is stored; only its header is read.

    Raises:
        NoSuchFile, UnreadableMedia: as `read_image`.
    """
    from PIL import Image

    with _told(path), Image.open(path) as file:
        return Size(*file.size)


def read_image(path: Path) -> Picture:
    """Read a picture, turned as its EXIF tag says.

    Raises:
        NoSuchFile, UnreadableMedia: it is not there, or no picture, or damaged.
    """
    from PIL import Image, ImageOps

    with _told(path), Image.open(path) as file:
        icc, frames = file.info.get("icc_profile"), getattr(file, "n_frames", 1)
        if _is_deep(path) and "exif" not in file.info:
            deep = _deep_codes(path)
            codes, alpha, bits = deep[..., :3], (deep[..., 3] if deep.shape[2] > 3 else None), 16
        else:
            codes, alpha, bits = _codes_of(ImageOps.exif_transpose(file))
    return Picture(codes=codes, alpha=alpha, bits=bits, icc=icc, frames_lost=frames - 1)


def write_image(file: Path, suffix: str, picture: Picture) -> None:
    """Write a picture in the format of ``suffix``, under whatever name ``file`` has.

    Depth is kept where the format holds it, else rounded to 8 bits.

    Raises:
        OSError: it cannot be written.
    """
    from PIL import Image

    name, options = _FORMATS[suffix.lower()]
    alpha = picture.alpha if suffix.lower() in HAS_ALPHA else None
    if picture.bits == 16 and suffix.lower() in DEEP:
        file.write_bytes(_deep_png(picture.codes, alpha, picture.icc))
        return
    codes = [picture.codes if picture.codes.ndim == 3 else picture.codes[:, :, None]]
    codes += [] if alpha is None else [alpha[:, :, None]]
    eight = np.round(np.concatenate(codes, axis=2) / 257).astype(np.uint8)
    image = Image.fromarray(eight[:, :, 0] if eight.shape[2] == 1 else eight)
    with file.open("wb") as output:
        image.save(output, name, icc_profile=picture.icc, **options)


def frame_of(codes: Codes) -> HostFrame:
    """Return a frame of (rows, columns[, 3]) codes."""
    if codes.ndim == 2:
        layout = Layout(bits=16, x_shift=0, y_shift=0, is_gray=True)
        return HostFrame(planes=(codes,), pts=0, layout=layout, colour=FULL)
    yuv = codes / MOST @ np.array(yuv_from_rgb(Matrix.BT709)).T * MOST
    yuv[..., 1:] += 1 << 15
    whole = np.clip(np.round(yuv), 0, MOST).astype(np.uint16)
    planes = tuple(np.ascontiguousarray(whole[..., index]) for index in range(3))
    layout = Layout(bits=16, x_shift=0, y_shift=0)
    return HostFrame(planes=planes, pts=0, layout=layout, colour=FULL)


def codes_of(frame: HostFrame) -> Codes:
    """Return the codes of a frame that `frame_of` or the engine made."""
    if frame.layout.is_gray:
        return np.array(frame.planes[0], dtype=np.uint16)
    yuv = np.stack(frame.planes, axis=2).astype(np.float64)
    yuv[..., 1:] -= 1 << 15
    rgb = yuv @ np.array(rgb_from_yuv(Matrix.BT709)).T
    codes: Codes = np.clip(np.round(rgb), 0, MOST).astype(np.uint16)
    return codes


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what Pillow raises into what happened."""
    from PIL import Image

    try:
        yield
    except FileNotFoundError as error:
        raise NoSuchFile(f"{path}: no such file. Check the name.") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableMedia(f"{path}: cannot be read as a picture ({error}).") from error


def _codes_of(image: Any) -> tuple[Codes, Codes | None, int]:
    """Return codes, alpha and depth of what Pillow has read."""
    if image.mode.startswith("I"):  # 16-bit gray
        return np.clip(np.asarray(image), 0, MOST).astype(np.uint16), None, 16
    has_alpha = image.has_transparency_data
    is_gray = image.mode in ("L", "LA", "1")
    colours = "L" if is_gray else "RGB"
    whole = image.convert("RGBA") if has_alpha else image
    codes = np.asarray(whole.convert(colours))
    alpha = np.asarray(whole.getchannel("A")) if has_alpha else None
    spread = codes.astype(np.uint16) * 257
    return spread, None if alpha is None else alpha.astype(np.uint16) * 257, 8


def _is_deep(path: Path) -> bool:
    """Say whether this is a PNG of 16-bit colour, which Pillow would cut to 8.

    Source: PNG specification (third edition), 11.2.1: depth and colour type follow the size.
    """
    with path.open("rb") as file:
        head = file.read(26)
    return head.startswith(b"\x89PNG") and head[24] == 16 and head[25] in (2, 6)


def _deep_codes(path: Path) -> Codes:
    import av

    with av.open(f"file:{path}") as container:
        frame = next(container.decode(video=0))
        wanted = "rgba64le" if frame.format.name.startswith("rgba") else "rgb48le"
        return np.asarray(frame.reformat(format=wanted).to_ndarray(), dtype=np.uint16)


def _deep_png(codes: Codes, alpha: Codes | None, icc: bytes | None) -> bytes:
    """Return a PNG of 16 bits per sample.

    Source: PNG specification (third edition), 5.3 chunks, 9.2 filters (2 is Up), 11.2, 11.3.2.3.
    """
    rows, columns = codes.shape[:2]
    parts = [codes.reshape(rows, columns, -1)]
    parts += [] if alpha is None else [alpha[:, :, None]]
    samples = np.concatenate(parts, axis=2)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[samples.shape[2]]
    flat = samples.astype(">u2").view(np.uint8).reshape(rows, -1)
    above = np.vstack([np.zeros_like(flat[:1]), flat[:-1]])
    filtered = np.hstack([np.full((rows, 1), 2, np.uint8), flat - above])
    out = io.BytesIO()
    out.write(b"\x89PNG\r\n\x1a\n")
    out.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 16, kind, 0, 0, 0)))
    if icc:
        out.write(_chunk(b"iCCP", b"profile\0\0" + zlib.compress(icc)))
    out.write(_chunk(b"IDAT", zlib.compress(filtered.tobytes(), 6)))
    out.write(_chunk(b"IEND", b""))
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
