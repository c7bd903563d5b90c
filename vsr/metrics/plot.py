"""A line plot over images, drawn with Pillow alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = (960, 420)
LEFT, TOP, RIGHT, BOTTOM = 64, 40, 16, 36
INK = (32, 32, 32)
GRID = (225, 225, 225)
LINE = (20, 90, 180)
MAX_DOTS = 120
"""Up to this many values, each gets a dot."""


def line_plot(values: Sequence[float], title: str) -> Image:
    """Draw ``values`` from left to right, with a grid whose steps are round numbers.

    Raises:
        ValueError: there are no values.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not values:
        raise ValueError("there is nothing to plot")
    page = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(page)
    font, small = ImageFont.load_default(size=18), ImageFont.load_default(size=13)
    draw.text((LEFT, 10), title, fill=INK, font=font)
    levels = grid_levels(min(values), max(values))
    bottom, top = levels[0], levels[-1]
    width, height = SIZE[0] - LEFT - RIGHT, SIZE[1] - TOP - BOTTOM

    def place(index: int, value: float) -> tuple[float, float]:
        across = index / max(len(values) - 1, 1)
        return LEFT + across * width, TOP + (top - value) / (top - bottom) * height

    for level in levels:
        y = place(0, level)[1]
        draw.line((LEFT, y, LEFT + width, y), fill=GRID)
        draw.text((8, y - 8), f"{level:.6g}", fill=INK, font=small)
    points = [place(index, value) for index, value in enumerate(values)]
    draw.line(points, fill=LINE, width=2)
    if len(values) <= MAX_DOTS:
        for x, y in points:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=LINE)
    draw.text((LEFT, SIZE[1] - 26), f"picture 1 to {len(values)}", fill=INK, font=small)
    return page


def grid_levels(low: float, high: float) -> list[float]:
    """Return 3 to 8 round, evenly spaced levels from at most ``low`` to at least ``high``."""
    span = max(high - low, abs(high) * 1e-3, 1e-6)
    unit = 10.0 ** floor(log10(span))
    step = next(unit * k for k in (0.2, 0.5, 1, 2) if span / (unit * k) <= 6)
    first = floor(low / step)
    last = first + 2
    while last * step < high:
        last += 1
    return [round(index * step, 9) for index in range(first, last + 1)]
