"""A drawn scene with sound, for demonstration and benchmarks.

It shows what upscalers fail at: small text, fine lines in all directions (a Siemens star and a zone
plate), fine texture, hard edges and gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vsr.values import Size

SIZE = Size(480, 270)
SUPERSAMPLING = 4
RATE = Fraction(24)
AUDIO_RATE = 48_000
TEXT = (
    "Nothing is lost: every frame, every",
    "stream, every time stamp. 0123456789",
    "The quick brown fox jumps over the",
    "lazy dog: {}[]()/|\\ &%$#@ fi ffl",
)

Picture = NDArray[np.uint8]
Field = NDArray[np.floating]


def render(size: Size, seconds: float) -> Picture:
    """Return the scene at a moment, at any 16:9 size: (rows, columns, 3) uint8 RGB of BT.709."""
    y, x = np.mgrid[0 : size.height, 0 : size.width].astype(np.float32)
    x, y = (x + 0.5) / size.height, (y + 0.5) / size.height
    picture = _backdrop(x, y, seconds)
    plate, star = _zone_plate(x - 0.38, y - 0.36, seconds), _star(x - 1.40, y - 0.36, seconds)
    picture += _disc(x, y, 0.38, 0.36, 0.26)[..., None] * (plate - picture)
    picture += _disc(x, y, 1.40, 0.36, 0.26)[..., None] * (star - picture)
    image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
    _write_text(image, seconds)
    return np.asarray(image)


def clip_frames(
    seconds: float, size: Size = SIZE, supersampling: int = SUPERSAMPLING
) -> Iterator[Picture]:
    """Yield the clip's frames, each reduced from one ``supersampling`` times larger (bicubic)."""
    for index in range(round(seconds * RATE)):
        large = Image.fromarray(render(size.scaled(supersampling), index / float(RATE)))
        yield np.asarray(large.resize((size.width, size.height), Image.Resampling.BICUBIC))


def sound(seconds: float) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield (first sample, (2, 1024) samples): a soft chord with a tick each second."""
    total = round(seconds * AUDIO_RATE)
    for start in range(0, total, 1024):
        t = np.arange(start, min(start + 1024, total), dtype=np.float64) / AUDIO_RATE
        chord = sum(np.sin(2 * np.pi * pitch * t) for pitch in (220.0, 277.18, 329.63)) / 12
        tick = 0.4 * np.sin(2 * np.pi * 1000 * t) * (t % 1 < 0.02)
        left, right = chord + tick, np.roll(chord, 7) + tick
        yield start, np.ascontiguousarray(np.stack([left, right]), dtype=np.float32)


def _backdrop(x: Field, y: Field, seconds: float) -> Field:
    """Return a gradient with a fine moving weave, (H, W, 3) in [0, 1]."""
    phase = 0.12 * seconds
    weave = np.sin(90 * (x + phase) + 6 * np.sin(7 * y)) * np.sin(110 * y + 5 * np.sin(6 * x))
    grain = 0.10 * weave * (0.5 + 0.5 * np.sin(3 * x - seconds))
    red = 0.30 + 0.25 * y + grain
    green = 0.34 + 0.18 * np.cos(2 * x) * y + grain
    blue = 0.52 - 0.22 * y + 0.6 * grain
    picture: Field = np.clip(np.stack([red, green, blue], axis=-1), 0, 1).astype(np.float32)
    return picture


def _disc(x: Field, y: Field, cx: float, cy: float, radius: float) -> Field:
    """Return coverage in [0, 1] of a disc with a soft rim of two thousandths."""
    distance = np.hypot(x - cx, y - cy)
    coverage: Field = np.clip((radius - distance) / 0.002 + 0.5, 0, 1)
    return coverage


def _zone_plate(x: Field, y: Field, seconds: float) -> Field:
    """Return rings whose frequency grows outwards, up to a third of a cycle per small pixel."""
    rings: Field = 0.5 + 0.5 * np.cos(1100 * (x * x + y * y) - 4 * seconds)
    return np.repeat(rings[..., None], 3, axis=-1).astype(np.float32)


def _star(x: Field, y: Field, seconds: float) -> Field:
    """Return a turning Siemens star of 24 spokes."""
    turn = 24 * (np.arctan2(y, x) + 0.2 * seconds)
    spokes = np.clip(0.5 + 8 * np.sin(turn) * np.hypot(x, y), 0.05, 0.95)
    tint = np.array([1.0, 0.92, 0.75], np.float32)
    return (spokes[..., None] * tint).astype(np.float32)


@lru_cache(maxsize=4)
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=pixels)


def _write_text(image: Image.Image, seconds: float) -> None:
    """Draw the text, drifting slowly, in sizes from 1/22 of the height down."""
    draw, height = ImageDraw.Draw(image), image.height
    top = 0.67 * height
    for line, divisor in zip(TEXT, (17, 20, 23, 26), strict=True):
        left = height * (0.12 + 0.02 * seconds)
        draw.text((left, top), line, fill=(245, 240, 225), font=_font(height // divisor))
        top += height / divisor * 1.25
