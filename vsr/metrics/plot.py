"""Line plots: panels of curves below each other, drawn with Pillow alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, isclose, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

WIDTH, HEIGHT = 960, 360
"""The size of a panel in pixels."""

MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 70, 30, 30, 30
INK, GRID = (40, 40, 40), (225, 225, 225)
FONT_SIZE = 13
TICKS = 5

MAX_DOTS = 60
"""Up to this many points of a curve each get a dot."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One plot of a page.

    Attributes:
        title: what is drawn, with its unit.
        curves: by name: the points, from left to right; names are drawn if there are several.
        colour: of all curves.
        is_logarithmic: the values, all above 0, are drawn on a logarithmic axis.
    """

    title: str
    curves: Mapping[str, Sequence[Point]]
    colour: tuple[int, int, int]
    is_logarithmic: bool = False

    def __post_init__(self) -> None:
        if not any(self.curves.values()):
            raise ValueError("there is nothing to plot")

    def height_of(self, value: float) -> float:
        """Return what is placed on the upright axis."""
        return log10(value) if self.is_logarithmic else value

    def label(self, height: float) -> str:
        """Return the text of a tick of the upright axis."""
        return f"{10**height:.3g}" if self.is_logarithmic else f"{height:.4g}"


@dataclass(frozen=True, slots=True)
class PlotAxis:
    """A range of values and the ticks on it."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def around(cls, values: Sequence[float], finest: float = 0.0) -> PlotAxis:
        """Return the axis that shows all of ``values``, with round ticks.

        Args:
            finest: the ticks are at least this far apart: 1 for what is counted.
        """
        low, high = min(values), max(values)
        if isclose(low, high, rel_tol=1e-9, abs_tol=1e-12):
            low, high = low - abs(low) * 0.5 - 1e-6, high + abs(high) * 0.5 + 1e-6
        step = max(_round_step((high - low) / TICKS), finest)
        first = floor(low / step) * step
        count = int((high - first) / step + 0.999999)
        ticks = tuple(first + i * step for i in range(count + 1))
        return cls(ticks[0], ticks[-1], ticks)

    def place(self, value: float) -> float:
        """Return the position of a value between the ends, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def draw_panels(panels: Sequence[Panel]) -> Image:
    """Draw panels below each other over one horizontal axis, which counts."""
    from PIL import Image, ImageDraw

    page = Image.new("RGB", (WIDTH, len(panels) * HEIGHT), "white")
    curves = [curve for panel in panels for curve in panel.curves.values()]
    across = PlotAxis.around([x for curve in curves for x, _ in curve], finest=1.0)
    for index, panel in enumerate(panels):
        _draw_panel(ImageDraw.Draw(page), index * HEIGHT, panel, across)
    return page


def _draw_panel(draw: ImageDraw, top: int, panel: Panel, across: PlotAxis) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(FONT_SIZE)
    points = [point for curve in panel.curves.values() for point in curve]
    upright = PlotAxis.around([panel.height_of(y) for _, y in points])
    width, height = WIDTH - MARGIN_LEFT - MARGIN_RIGHT, HEIGHT - MARGIN_TOP - MARGIN_BOTTOM

    def at(x: float, y: float) -> Point:
        right, up = across.place(x) * width, upright.place(y) * height
        return MARGIN_LEFT + right, top + MARGIN_TOP + height - up

    for tick in upright.ticks:
        draw.line([at(across.low, tick), at(across.high, tick)], fill=GRID)
        draw.text((4, at(across.low, tick)[1] - 8), panel.label(tick), fill=INK, font=font)
    for tick in across.ticks:
        draw.line([at(tick, upright.low), at(tick, upright.high)], fill=GRID)
        x, y = at(tick, upright.low)
        draw.text((x - 14, y + 4), f"{tick:g}", fill=INK, font=font)
    draw.text((MARGIN_LEFT, top + 6), panel.title, fill=INK, font=font)
    for name, curve in panel.curves.items():
        line = [at(x, panel.height_of(y)) for x, y in curve]
        _draw_curve(draw, line, panel.colour)
        if line and len(panel.curves) > 1:
            x, y = line[0]
            draw.text((x + 6, max(y - 16, top + MARGIN_TOP)), name, fill=INK, font=font)


def _draw_curve(draw: ImageDraw, line: Sequence[Point], colour: tuple[int, int, int]) -> None:
    if len(line) > 1:
        draw.line(line, fill=colour, width=2)
    for x, y in line if len(line) < MAX_DOTS else line[-1:]:
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)


def _round_step(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least ``step``."""
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)
