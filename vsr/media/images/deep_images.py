"""Images with 16 bits per sample: as files, which Pillow reads at 8 bits, and as frames.

A frame is full-range 4:4:4 (or gray) at 16 bits, at which 8-bit codes come back exactly.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Colour, Matrix, Range, rgb_from_yuv, yuv_from_rgb
from vsr.frames import HostFrame, Layout
from vsr.media.images.halved_chroma import pixel_format
from vsr.media.images.image_tags import NO_TAGS, ImageTags

DeepCodes = NDArray[np.uint16]

MOST = 65535
CODE = 257
"""The largest code of 16 bits, and how many of them make one of 8."""

BITS_PER_SAMPLE = 258
"""The number of the tag. Source: TIFF 6.0, section 8."""

CHANNELS = {"gray16": 1, "ya16": 2, "rgb48": 3, "rgba64": 4}
"""FFmpeg's pixel formats of such files, without their byte order, and the samples per pixel."""


def is_deep(path: Path, image: Any) -> bool:
    """Return whether a file holds 16-bit samples that Pillow would cut to 8.

    Source: PNG specification (third edition), 11.2.1: depth and colour type follow the size.

    Args:
        image: the same file, as Pillow has opened it.
    """
    if image.format in ("JPEG2000", "PPM"):
        layout = pixel_format(path)
        return layout is not None and layout.name[:-2] in CHANNELS
    if image.format == "TIFF":
        bits = image.tag_v2.get(BITS_PER_SAMPLE, (1,))
        return len(bits) > 1 and max(bits) == 16
    with path.open("rb") as file:
        head = file.read(26)
    return head.startswith(b"\x89PNG") and head[24] == 16 and head[25] in (2, 4, 6)


def read_deep(path: Path) -> tuple[DeepCodes, DeepCodes | None]:
    """Return the codes, (rows, columns[, 3]), and the alpha of an image, as stored.

    Raises:
        OSError, ValueError: it is damaged, or stored in a way that FFmpeg does not read.
    """
    import av

    with av.open(f"file:{path}") as container:
        frame = next(container.decode(video=0), None)
    if frame is None:
        raise ValueError("no image in it")
    kind = frame.format.name
    count = CHANNELS.get(kind[:-2])
    if count is None:
        raise ValueError(f"16 bits per sample as {kind}")
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), ">u2" if kind.endswith("be") else "<u2")
    rows = rows.reshape(plane.height, -1)[:, : plane.width * count]
    samples = rows.reshape(plane.height, plane.width, count).astype(np.uint16)
    colours = samples[..., 0] if count < 3 else samples[..., :3]
    return colours, samples[..., -1] if count in (2, 4) else None


def eight_bit(codes: DeepCodes) -> NDArray[np.uint8]:
    """Return codes of 16 bits rounded to 8; what `sixteen_bit` made comes back as it was."""
    return ((codes.astype(np.uint32) + CODE // 2) // CODE).astype(np.uint8)


def sixteen_bit(codes: NDArray[np.uint8]) -> DeepCodes:
    """Return codes of 8 bits spread over the whole range of 16."""
    return codes.astype(np.uint16) * CODE


def upright(codes: DeepCodes, orientation: int) -> DeepCodes:
    """Rotate an image as EXIF says; 1 is upright.

    Source: Exif 2.32, 4.6.4, Orientation.
    """
    if orientation >= 5:
        codes = codes.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        codes = codes[::-1]
    if orientation in (2, 3, 6, 7):
        codes = codes[:, ::-1]
    return np.ascontiguousarray(codes)


def deep_png(
    codes: DeepCodes, alpha: DeepCodes | None, icc: bytes | None, tags: ImageTags = NO_TAGS
) -> bytes:
    """Return a PNG of 16 bits per sample.

    Source: PNG specification (third edition), 5.3 chunks, 9.2 filters (2 is Up), 11.2, 11.3.
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
    for name, data in _tag_chunks(tags):
        out.write(_chunk(name, data))
    out.write(_chunk(b"IDAT", zlib.compress(filtered.tobytes(), 6)))
    out.write(_chunk(b"IEND", b""))
    return out.getvalue()


METRES_PER_INCH = 0.0254
EXIF_PREFIX = b"Exif\0\0"


def _tag_chunks(tags: ImageTags) -> Iterator[tuple[bytes, bytes]]:
    if tags.dpi:
        across, down = (round(dpi / METRES_PER_INCH) for dpi in tags.dpi)
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    if tags.exif:
        yield b"eXIf", tags.exif.removeprefix(EXIF_PREFIX)
    texts = [(key, text.encode()) for key, text in tags.texts]
    texts += [("XML:com.adobe.xmp", tags.xmp)] if tags.xmp else []
    for key, text in texts:
        yield b"iTXt", key.encode("latin-1", "replace") + bytes(5) + text


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


FULL = Colour(matrix=Matrix.BT709, range=Range.FULL)


def frame_of(codes: DeepCodes) -> HostFrame:
    """Return a frame of (rows, columns[, 3]) codes."""
    if codes.ndim == 2:
        layout = Layout(bits=16, x_shift=0, y_shift=0, is_gray=True)
        return HostFrame(planes=(codes,), pts=0, layout=layout, colour=FULL)
    planes = tuple(np.empty(codes.shape[:2], np.uint16) for _ in range(3))
    for rows in row_slices(codes.shape[0]):
        yuv = codes[rows] / MOST @ np.array(yuv_from_rgb(Matrix.BT709)).T * MOST
        yuv[..., 1:] += 1 << 15
        whole = np.clip(np.round(yuv), 0, MOST).astype(np.uint16)
        for index, plane in enumerate(planes):
            plane[rows] = whole[..., index]
    layout = Layout(bits=16, x_shift=0, y_shift=0)
    return HostFrame(planes=planes, pts=0, layout=layout, colour=FULL)


def codes_of(frame: HostFrame) -> DeepCodes:
    """Return the codes of a frame that `frame_of` or the engine made."""
    if frame.layout.is_gray:
        return np.array(frame.planes[0], dtype=np.uint16)
    codes = np.empty((*frame.planes[0].shape, 3), np.uint16)
    for rows in row_slices(codes.shape[0]):
        yuv = np.stack([plane[rows] for plane in frame.planes], axis=2).astype(np.float64)
        yuv[..., 1:] -= 1 << 15
        rgb = yuv @ np.array(rgb_from_yuv(Matrix.BT709)).T
        codes[rows] = np.clip(np.round(rgb), 0, MOST)
    return codes


ROWS_AT_ONCE = 64
"""Rows that are converted at once, in float64, which takes four times the memory of 16-bit codes.
"""


def row_slices(rows: int) -> Iterator[slice]:
    """Yield the rows of an image, a few at a time."""
    yield from (slice(start, start + ROWS_AT_ONCE) for start in range(0, rows, ROWS_AT_ONCE))
