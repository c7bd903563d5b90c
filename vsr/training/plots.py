"""The plot of a run: loss and PSNR over steps, as PNG, drawn with Pillow alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from vsr.disk.failures import writing
from vsr.disk.publishing import published
from vsr.training.log import Entry

WIDTH, HEIGHT = 960, 360
MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 70, 20, 30, 30
INK, GRID = (40, 40, 40), (225, 225, 225)
LOSS_COLOUR, PSNR_COLOUR = (196, 78, 40), (34, 102, 170)
TICKS = 5

WIDE = 100.0
"""Losses that differ by more than this factor are drawn on a logarithmic axis."""

Point = tuple[float, float]
Curves = dict[str, list[Point]]
"""The points of each stage, in order. A line between two stages would join unlike things."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values and the ticks on it."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def around(cls, values: Sequence[float]) -> Axis:
        """Return the axis that shows all of ``values``, with round ticks."""
        low, high = min(values), max(values)
        if low == high:
            low, high = low - abs(low) * 0.5 - 1e-6, high + abs(high) * 0.5 + 1e-6
        step = _round_step((high - low) / TICKS)
        first = floor(low / step) * step
        count = int((high - first) / step + 0.999999)
        ticks = tuple(first + i * step for i in range(count + 1))
        return cls(ticks[0], ticks[-1], ticks)

    def place(self, value: float) -> float:
        """Return the position of a value between the ends, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def write_plot(entries: Sequence[Entry], path: Path) -> None:
    """Draw the log of a run; stages follow one another. An empty log draws nothing."""
    losses, psnrs = _curves(entries)
    values = [y for points in losses.values() for _, y in points]
    if not values:
        return
    image = Image.new("RGB", (WIDTH, 2 * HEIGHT), "white")
    steps = Axis.around([x for points in losses.values() for x, _ in points] + [0.0])
    is_log = min(values) > 0 and max(values) > WIDE * min(values)
    title = "loss (mean per log interval)" + (", logarithmic" if is_log else "")
    _panel(image, 0, title, losses, steps, LOSS_COLOUR, is_log=is_log)
    if any(psnrs.values()):
        _panel(image, HEIGHT, "PSNR of luma, held-out patches, dB", psnrs, steps, PSNR_COLOUR)
    with writing(path), published(path) as part:
        image.save(part, format="PNG")


def _curves(entries: Sequence[Entry]) -> tuple[Curves, Curves]:
    """Return (step, loss) and (step, PSNR), the steps counted on from stage to stage."""
    losses: Curves = {}
    psnrs: Curves = {}
    offset, last_step = 0, 0
    for entry in entries:
        if entry.stage not in losses:
            offset += last_step
            losses[entry.stage], psnrs[entry.stage] = [], []
        last_step = entry.step
        if isfinite(entry.loss):
            losses[entry.stage].append((offset + entry.step, entry.loss))
        if entry.psnr is not None:
            psnrs[entry.stage].append((offset + entry.step, entry.psnr))
    return losses, psnrs


def _panel(
    image: Image.Image,
    top: int,
    title: str,
    curves: Curves,
    steps: Axis,
    colour: tuple[int, int, int],
    *,
    is_log: bool = False,
) -> None:
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    if is_log:
        curves = {stage: [(x, log10(y)) for x, y in line] for stage, line in curves.items()}
    values = Axis.around([y for points in curves.values() for _, y in points])
    width, height = WIDTH - MARGIN_LEFT - MARGIN_RIGHT, HEIGHT - MARGIN_TOP - MARGIN_BOTTOM

    def at(x: float, y: float) -> Point:
        right, up = steps.place(x) * width, values.place(y) * height
        return MARGIN_LEFT + right, top + MARGIN_TOP + height - up

    for tick in values.ticks:
        draw.line([at(steps.low, tick), at(steps.high, tick)], fill=GRID)
        label = f"{10**tick:.3g}" if is_log else f"{tick:.4g}"
        draw.text((4, at(0, tick)[1] - 8), label, fill=INK, font=font)
    for tick in steps.ticks:
        draw.line([at(tick, values.low), at(tick, values.high)], fill=GRID)
        x, y = at(tick, values.low)
        draw.text((x - 14, y + 4), f"{tick:g}", fill=INK, font=font)
    draw.text((MARGIN_LEFT, top + 6), title, fill=INK, font=font)
    for stage, points in curves.items():
        _line(draw, [at(x, y) for x, y in points], stage if len(curves) > 1 else "", colour)


def _line(
    draw: ImageDraw.ImageDraw, line: Sequence[Point], stage: str, colour: tuple[int, int, int]
) -> None:
    """Draw the curve of one stage, with its name next to the first point."""
    if not line:
        return
    if len(line) > 1:
        draw.line(line, fill=colour, width=2)
    for x, y in line if len(line) < 60 else line[-1:]:
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
    x, y = line[0]
    draw.text((x + 6, y - 16), stage, fill=INK, font=ImageFont.load_default(13))


def _round_step(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least ``step``."""
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)
