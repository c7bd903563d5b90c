"""A hand that draws with one palette and one pen: lines, shadows, hatching."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence

import numpy as np

from tests.benchmarks.drawn.strokes import Canvas, Colour, Points, curve

SIZE = (1200, 900)
"""Of a picture."""

PALETTES: Mapping[str, tuple[float, float, float, float]] = {
    "day": (0.35, 0.75, 0.6, 1.0),
    "pastel": (0.1, 0.35, 0.8, 1.0),
    "night": (0.3, 0.8, 0.12, 0.5),
    "vivid": (0.7, 1.0, 0.5, 1.0),
    "sepia": (0.15, 0.45, 0.35, 0.9),
}
"""By name: the least and the largest saturation and value."""


class Hand:
    """Draws with one palette and one pen, both chosen by chance."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.palette = str(rng.choice(list(PALETTES)))
        self.pen = float(
            rng.choice([1.2, 2.0, 2.8, 3.6, 5.0, 6.5], p=[0.1, 0.2, 0.25, 0.2, 0.15, 0.1])
        )
        self.ink: Colour = self.shade(self.colour(), 0.05 + 0.3 * rng.random())

    def colour(self) -> Colour:
        """Return a colour of the palette."""
        least_s, most_s, least_v, most_v = PALETTES[self.palette]
        hue = self.rng.uniform(0.02, 0.14) if self.palette == "sepia" else self.rng.random()
        parts = (hue, self.rng.uniform(least_s, most_s), self.rng.uniform(least_v, most_v))
        red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(*parts))
        return (red, green, blue)

    def shade(self, colour: Colour, value: float) -> Colour:
        """Return a darker (below 1) or a lighter colour."""
        red, green, blue = (min(255, round(part * value)) for part in colour)
        return (red, green, blue)

    def width(self) -> float:
        """Return how wide a line is to be."""
        return self.pen * float(self.rng.uniform(0.7, 1.3))

    def blob(self, centre: Points, radius: float, roughness: float = 0.25) -> Points:
        """Return a closed, smooth outline."""
        count = int(self.rng.integers(6, 12))
        angles = np.linspace(0, 2 * np.pi, count, endpoint=False) + self.rng.uniform(0, 6)
        radii = radius * self.rng.uniform(1 - roughness, 1 + roughness, count)
        around = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
        return curve(centre + around, is_closed=True)

    def somewhere(self) -> Points:
        """Return a place in the picture."""
        return self.rng.uniform(0, 1, 2) * np.array(SIZE)


def at(centre: Points, size: float, *places: Sequence[float]) -> Points:
    """Return places that are given from a centre, in units of ``size``."""
    found: Points = centre + np.array(places) * size
    return found


def ellipse(centre: Points, radii: tuple[float, float], tilt: float = 0.0) -> Points:
    """Return an ellipse as an outline."""
    t = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    x, y = radii[0] * np.cos(t), radii[1] * np.sin(t)
    turned = np.stack([x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)], 1)
    found: Points = centre + turned
    return found


def hatched(canvas: Canvas, hand: Hand, centre: Points, radius: float) -> None:
    """Fill a circle with parallel strokes."""
    angle, step = hand.rng.uniform(0, np.pi), hand.rng.uniform(5, 16)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    for offset in np.arange(-radius, radius, step):
        reach = np.sqrt(radius**2 - offset**2) * hand.rng.uniform(0.7, 1.0)
        ends = [centre + across * offset + along * reach * side for side in (-1, 0.1, 1)]
        ends[1] = ends[1] + across * hand.rng.normal(0, 2)
        canvas.ink(curve(ends), hand.width() * 0.7, hand.ink, 0.8)


def cel(canvas: Canvas, hand: Hand, outline: Points, colour: Colour) -> None:
    """Fill an outline, with a hard shadow on one side and a line around it."""
    middle = outline.mean(axis=0)
    canvas.fill(outline, colour)
    away = hand.rng.normal(0, 1, 2)
    shadow = middle + (outline - middle) * hand.rng.uniform(0.6, 0.85)
    reach = np.ptp(outline, axis=0).max() * 0.1
    canvas.fill(
        shadow + reach * away / np.hypot(*away), hand.shade(colour, hand.rng.uniform(0.6, 0.85))
    )
    canvas.outline(outline, hand.width(), hand.ink)
