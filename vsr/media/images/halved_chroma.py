"""Which images hold fewer samples of chroma than pixels, although they are read as R'G'B'."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av

HALVING = ("JPEG", "MPO", "WEBP", "AVIF", "HEIF")
"""Pillow's names of the formats that may."""


def halved_chroma(path: Path, image: Any) -> tuple[bool, bool]:
    """Return whether a file holds half the columns and half the rows of chroma, as it is stored.

    Args:
        image: the same file, as Pillow has opened it.
    """
    if image.format not in HALVING or not image.mode.startswith("RGB"):
        return False, False
    layout = pixel_format(path)
    if layout is None or layout.is_rgb:
        return False, False
    return layout.chroma_width(2) == 1, layout.chroma_height(2) == 1


def pixel_format(path: Path) -> av.VideoFormat | None:
    """Return FFmpeg's pixel format of an image; None if it does not open it, or it is damaged."""
    import av

    try:
        with av.open(f"file:{path}") as container:
            return container.streams.video[0].format
    except (av.FFmpegError, IndexError):
        return None
