"""A sheet: the same part of each frame in all variants, side by side, as one PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vsr.metrics.pictures import Picture

GROUND, TEXT, MUTED = (20, 21, 24), (235, 236, 240), (150, 155, 165)
GAP, HEAD, FOOT = 12, 64, 30
NAME_SIZE, DETAIL_SIZE = 22, 15

CELL = (480, 360)
"""The largest part that is shown of a frame, (width, height), at its own pixels."""

Row = tuple[str, Sequence[Picture]]
"""A label, and the same part of one frame in all variants."""


def sheet_png(names: Sequence[str], details: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Return the sheet: a column for each name, a row for each frame."""
    cells = [[Image.fromarray(np.ascontiguousarray(one)) for one in parts] for _, parts in rows]
    width = max(image.width for row in cells for image in row)
    heights = [max(image.height for image in row) + FOOT for row in cells]
    page = Image.new("RGB", (GAP + len(names) * (width + GAP), HEAD + sum(heights) + GAP), GROUND)
    draw = ImageDraw.Draw(page)
    for column, (name, detail) in enumerate(zip(names, details, strict=True)):
        left = GAP + column * (width + GAP)
        draw.text((left, GAP), _fitted(draw, name, NAME_SIZE, width), TEXT, _font(NAME_SIZE))
        second = _fitted(draw, detail, DETAIL_SIZE, width)
        draw.text((left, GAP + 28), second, MUTED, _font(DETAIL_SIZE))
    top = HEAD
    for (label, _), images, height in zip(rows, cells, heights):
        for column, image in enumerate(images):
            page.paste(image, (GAP + column * (width + GAP), top))
        draw.text((GAP, top + height - FOOT + 5), label, MUTED, _font(DETAIL_SIZE))
        top += height
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=6)
    return file.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _fitted(draw: ImageDraw.ImageDraw, text: str, size: int, width: int) -> str:
    """Return a text cut to a width, without the dash that Pillow's font lacks."""
    font, text = _font(size), text.replace("–", "-")
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(f"{text}…", font) > width:
        text = text[:-1]
    return f"{text}…"
