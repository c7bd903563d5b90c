"""A canvas for ink, flat fields and soft light, drawn larger than the picture it becomes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Points = NDArray[np.float64]
"""(N, 2): x and y in pixels of the picture."""

Colour = tuple[int, int, int]

OVERSAMPLING = 3
"""Samples per pixel and side: edges are smoothed by the reduction."""


def curve(points: Sequence[Sequence[float]] | Points, *, is_closed: bool = False) -> Points:
    """Return a smooth line through points: Catmull-Rom, some 16 samples for each."""
    given = np.asarray(points, np.float64)
    if is_closed:
        padded = np.concatenate([given[-1:], given, given[:2]])
    else:
        padded = np.concatenate([2 * given[:1] - given[1:2], given, 2 * given[-1:] - given[-2:-1]])
    t = np.linspace(0, 1, 16, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:]):
        parts.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2)
            + 0.5 * (3 * b - a - 3 * c + d) * t**3
        )
    return np.concatenate(parts if is_closed else [*parts, given[-1:]])


class Canvas:
    """An RGB picture in the making; lengths are pixels of the result."""

    def __init__(self, size: tuple[int, int], paper: Colour) -> None:
        self.size = size
        self._image = Image.new("RGB", tuple(OVERSAMPLING * side for side in size), paper)
        self._draw = ImageDraw.Draw(self._image)

    def fill(self, outline: Points, colour: Colour) -> None:
        """Fill a closed outline."""
        self._draw.polygon(_scaled(outline), fill=colour)

    def ink(self, line: Points, width: float, colour: Colour, taper: float = 0.5) -> None:
        """Draw a line whose ends taper.

        Args:
            width: at its widest.
            taper: 0 for a line of even width, 1 for one that is thin almost everywhere.
        """
        tangent = np.gradient(line, axis=0)
        length = np.hypot(tangent[:, 0], tangent[:, 1]).clip(1e-6)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / length[:, None]
        profile = np.sin(np.pi * np.linspace(0, 1, len(line))).clip(0) ** taper
        offset = normal * (width / 2 * profile)[:, None]
        self.fill(np.concatenate([line + offset, (line - offset)[::-1]]), colour)

    def outline(self, line: Points, width: float, colour: Colour) -> None:
        """Draw a closed line of even width."""
        closed = np.concatenate([line, line[:2]])
        pen = max(1, round(OVERSAMPLING * width))
        self._draw.line(_scaled(closed), fill=colour, width=pen, joint="curve")

    def write(self, text: str, place: tuple[float, float], pixels: float, colour: Colour) -> None:
        """Write letters of Pillow's own font, which is the same on every machine."""
        font = ImageFont.load_default(OVERSAMPLING * pixels)
        x, y = (OVERSAMPLING * side for side in place)
        self._draw.text((x, y), text, fill=colour, font=font)

    def light(self, outline: Points, colours: tuple[Colour, Colour], angle: float) -> None:
        """Fill an outline with a soft gradient from one colour to another."""
        mask = Image.new("L", self._image.size)
        ImageDraw.Draw(mask).polygon(_scaled(outline), fill=255)
        if (box := mask.getbbox()) is None:
            return
        low, high = outline.min(axis=0), outline.max(axis=0)
        self._image.paste(
            _gradient((box[2] - box[0], box[3] - box[1]), colours, angle, high - low),
            box[:2],
            mask.crop(box),
        )

    def paste(self, picture: Image.Image) -> None:
        """Put a picture behind everything that is drawn from now on."""
        self._image.paste(picture.resize(self._image.size, Image.Resampling.BICUBIC))

    def finished(self) -> Image.Image:
        """Return the picture."""
        return self._image.resize(self.size, Image.Resampling.BOX)


def _scaled(points: Points) -> list[tuple[float, float]]:
    return [tuple(point) for point in (points * OVERSAMPLING).tolist()]


def _gradient(
    size: tuple[int, int], colours: tuple[Colour, Colour], angle: float, extent: Points
) -> Image.Image:
    """Return a linear gradient, dithered, so that it has no steps of its own."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, size[0]), np.linspace(-0.5, 0.5, size[1]))
    along = np.cos(angle) * x * extent[0] + np.sin(angle) * y * extent[1]
    along = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    first, last = (np.array(colour, np.float64) for colour in colours)
    codes = first + along[..., None] * (last - first)
    return Image.fromarray(np.clip(np.round(codes), 0, 255).astype(np.uint8))
