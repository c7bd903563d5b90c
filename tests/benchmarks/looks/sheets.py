"""Sheets: crops of one frame by every method, with an x-t slice below each, to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.looks.clips import Clip
from tests.benchmarks.looks.planar import Rgb

CROP = (400, 320)
"""Columns and rows of a result that are shown, pixel for pixel."""

SLICE_ROWS = 6
"""How often each frame's row is repeated in an x-t slice."""

HEAD = 22
PER_LINE = 4
FRAME = 6


def draw(folder: Path, clip: Clip, shown: Mapping[str, Rgb]) -> Path:
    """Write the sheet of a clip; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{clip.half}_{clip.name.replace(' ', '_')}.png"
    sheet(shown, clip.name, clip.focus).save(path)
    return path


def sheet(shown: Mapping[str, Rgb], title: str, focus: tuple[float, float]) -> Image.Image:
    """Return a page with a tile for each method."""
    tiles = [_tile(name, frames, focus) for name, frames in shown.items()]
    width, height = tiles[0].size
    lines = -(-len(tiles) // PER_LINE)
    page = Image.new("RGB", (width * min(PER_LINE, len(tiles)), HEAD + height * lines))
    _write(page, (6, 3), title)
    for index, tile in enumerate(tiles):
        page.paste(tile, (index % PER_LINE * width, HEAD + index // PER_LINE * height))
    return page


def _tile(name: str, frames: Rgb, focus: tuple[float, float]) -> Image.Image:
    """Return one method's crop, and below it what a row of it becomes over time."""
    rows, columns = frames.shape[1:3]
    width, height = min(CROP[0], columns), min(CROP[1], rows)
    left, top = (columns - width) // 2, (rows - height) // 2
    del focus
    crop = frames[:, top : top + height, left : left + width]
    middle = crop[:, height // 2].repeat(SLICE_ROWS, axis=0)
    depth = 8 * SLICE_ROWS
    tile = Image.new("RGB", (CROP[0] + 4, CROP[1] + HEAD + depth + 8))
    tile.paste(Image.fromarray(np.ascontiguousarray(crop[min(FRAME, len(crop) - 1)])), (0, HEAD))
    tile.paste(Image.fromarray(np.ascontiguousarray(middle[:depth])), (0, HEAD + CROP[1] + 2))
    _write(tile, (4, 3), name)
    return tile


def _write(page: Image.Image, place: tuple[int, int], text: str) -> None:
    ImageDraw.Draw(page).text(place, text, fill="white", font=ImageFont.load_default(size=14))
