"""Images that are damaged in ways which no library expects."""

import struct
from pathlib import Path

from PIL import Image


def save_with_a_garbled_page(image: Image.Image, path: Path) -> None:
    """Write a TIFF whose second page has no entries: Pillow fails where it counts the pages."""
    image.save(path, "TIFF")
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * entries, len(data))
    path.write_bytes(bytes(data) + bytes(6))
