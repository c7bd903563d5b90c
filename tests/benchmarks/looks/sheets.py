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
    sheet(shown, f"{clip.name} ({clip.what})").save(path)
    return path


def sheet(shown: Mapping[str, Rgb], title: str) -> Image.Image:
    """Return a page with a tile for each method."""
    place = busiest(shown["lanczos"][0], CROP)
    tiles = [_tile(name, frames, place) for name, frames in shown.items()]
    width, height = tiles[0].size
    lines = -(-len(tiles) // PER_LINE)
    page = Image.new("RGB", (width * min(PER_LINE, len(tiles)), HEAD + height * lines))
    write(page, (6, 3), title)
    for index, tile in enumerate(tiles):
        page.paste(tile, (index % PER_LINE * width, HEAD + index // PER_LINE * height))
    return page


def busiest(picture: Rgb, crop: tuple[int, int]) -> tuple[int, int]:
    """Return left and top of the crop with the most detail; the same for every method."""
    luma = picture.astype(np.float32).mean(axis=2)
    energy = np.hypot(*np.gradient(luma)).cumsum(0).cumsum(1)
    rows, columns = luma.shape
    width, height = min(crop[0], columns), min(crop[1], rows)
    best, place = -1.0, (0, 0)
    for top in range(0, rows - height + 1, 16):
        for left in range(0, columns - width + 1, 16):
            bottom, right = top + height - 1, left + width - 1
            found = energy[bottom, right] - energy[top, right] - energy[bottom, left]
            if found + energy[top, left] > best:
                best, place = float(found + energy[top, left]), (left, top)
    return place


def cut(frames: Rgb, place: tuple[int, int], crop: tuple[int, int]) -> Rgb:
    """Return the crop at a place of every frame."""
    left, top = place
    return np.ascontiguousarray(frames[:, top : top + crop[1], left : left + crop[0]])


def over_time(frames: Rgb, rows: int) -> Image.Image:
    """Return the middle row of every frame, each ``rows`` high: time runs downwards."""
    return Image.fromarray(frames[:, frames.shape[1] // 2].repeat(rows, axis=0))


def write(page: Image.Image, place: tuple[int, int], text: str, size: int = 14) -> None:
    """Write a line in white."""
    ImageDraw.Draw(page).text(place, text, fill="white", font=ImageFont.load_default(size=size))


def _tile(name: str, frames: Rgb, place: tuple[int, int]) -> Image.Image:
    """Return one method's crop, and below it what a row of it becomes over time."""
    crop = cut(frames, place, CROP)
    depth = 8 * SLICE_ROWS
    tile = Image.new("RGB", (CROP[0] + 4, CROP[1] + HEAD + depth + 8))
    tile.paste(Image.fromarray(crop[min(FRAME, len(crop) - 1)]), (0, HEAD))
    slice_ = over_time(crop, SLICE_ROWS).crop((0, 0, crop.shape[2], depth))
    tile.paste(slice_, (0, HEAD + CROP[1] + 2))
    write(tile, (4, 3), name)
    return tile
