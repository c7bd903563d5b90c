"""Clips of smooth shades and faint detail, and what is left of them after the encoder.

The truth is drawn in floating point, so that only source and result have steps.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.looks.filters import gaussian
from tests.benchmarks.looks.planar import Rgb, planes_from_rgb, rgb_from_planes
from tests.benchmarks.video_clips import decode, encode_as

Float = NDArray[np.float32]

SIZE = (384, 512)
"""Rows and columns of the truth."""

ENCODER = ("libx264", {"crf": "18", "preset": "superfast"})
"""What the program writes by default on a CPU."""

FINE, COARSE = 3.0, 32.0
"""Result pixels: contours, blocks and faint detail lie between these two blurs."""


TINTS = {"dark": (0.9, 0.95, 1.15), "sky": (0.62, 0.82, 1.1), "fade": (1.0, 0.98, 0.94)}


def shade(name: str, frames: int) -> list[Float]:
    """Return the truth, (H, W, 3) in codes: ``dark``, ``sky`` or ``fade``."""
    rows, columns = SIZE
    down, right = np.mgrid[:rows, :columns].astype(np.float32)
    slope = (right / columns + down / rows) / 2
    detail = _detail(rows, columns) * (right > columns / 2)  # the left half is smooth
    found = []
    for index in range(frames):
        share = 1 - index / (2 * frames) if name == "fade" else 1.0
        base = {
            "dark": 18 + 20 * slope,
            "sky": 150 + 50 * slope,
            "fade": 96 * (0.3 + slope) * share,
        }[name]
        strength = {"dark": 3.0, "sky": 2.0, "fade": 6.0 * share}[name]
        luma = base + strength * np.roll(detail, -index if name != "fade" else 0, axis=1)
        found.append(np.clip(luma[..., None] * np.array(TINTS[name], np.float32), 0, 255))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Shading:
    """What is left of a smooth clip.

    Attributes:
        contours: RMS in codes of steps and stains where the truth is smooth.
        contrast: how much of the truth's faint detail is there, 1 is all.
    """

    contours: float
    contrast: float


def shading(frames: Rgb, name: str) -> Shading:
    """Measure (T, sH, sW, 3), as they come from the network, after the default encoder."""
    truth = shade(name, len(frames))
    seen = through_encoder(frames)
    steps, ratios = [], []
    for true, own in zip(truth, seen):
        error = _band(_luma(own.astype(np.float32)) - _luma(true))
        detail = _band(_luma(true))
        middle = true.shape[1] // 2
        smooth, textured = (slice(16, middle - 48), slice(middle + 48, -16))
        steps.append(float(np.square(error[16:-16, smooth]).mean()))
        known, mine = (part[16:-16, textured] for part in (detail, _band(_luma(own))))
        ratios.append(float((known * mine).sum() / (known * known).sum()))
    return Shading(contours=float(np.sqrt(np.mean(steps))), contrast=float(np.mean(ratios)))


def through_encoder(frames: Rgb) -> list[Rgb]:
    """Return frames as a player shows them, written by the program's default encoder."""
    with tempfile.TemporaryDirectory() as scratch:
        planes = [planes_from_rgb(frame) for frame in frames]
        path = encode_as(Path(scratch) / "clip.mkv", planes, *ENCODER)
        return [rgb_from_planes(one) for one in decode(path)]


def _detail(rows: int, columns: int) -> Float:
    """Return a cloud of structures of 3 to 10 source pixels, of deviation 1."""
    rng = np.random.default_rng(8)
    noise = rng.standard_normal((rows, columns)).astype(np.float32)
    cloud = gaussian(noise, 6.0) - gaussian(noise, 14.0)
    found: Float = cloud / cloud.std()
    return found


def _band(luma: Float) -> Float:
    return gaussian(luma, FINE) - gaussian(luma, COARSE)


def _luma(rgb: NDArray[np.generic]) -> Float:
    found: Float = np.ascontiguousarray(rgb @ np.array((0.299, 0.587, 0.114), np.float32))
    return found
