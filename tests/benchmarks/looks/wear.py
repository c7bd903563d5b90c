"""What is done to clean frames to make them look like film or tape; seeded, so always the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.looks.planar import Rgb

GRAIN_CODES = 7.0
"""Standard deviation of film grain at mid gray; less in black and white."""

NOISE_CODES = 4.0
LINE_CODES = 1.5
"""Noise of a tape: of each sample, and of each line as a whole."""

WELL = 3 / 8
"""How much of that noise a better tape has."""

Frames = Sequence[Rgb]


def grainy(frames: Frames) -> list[Rgb]:
    """Add grain of about 1.5 pixels, independent from frame to frame, strongest at mid gray."""
    rng = np.random.default_rng(13)
    found = []
    for frame in frames:
        noise = rng.standard_normal(frame.shape[:2])
        noise = _smoothed(_smoothed(noise, 0), 1)
        noise *= GRAIN_CODES / noise.std()
        luma = frame.mean(axis=2) / 255
        amount = np.sqrt(np.clip(4 * luma * (1 - luma), 0.05, 1))
        found.append(_codes(frame + (noise * amount)[..., None]))
    return found


def taped(frames: Frames) -> list[Rgb]:
    """Blur along lines, smear colours, add noise, and take every second line of each field."""
    return _played(frames, blurs=2, smears=8, delay=1, noise=(NOISE_CODES, LINE_CODES), fields=2)


def well_taped(frames: Frames) -> list[Rgb]:
    """Do the same as a better tape does, with whole frames."""
    noise = NOISE_CODES * WELL, LINE_CODES * WELL
    return _played(frames, blurs=1, smears=4, delay=0, noise=noise, fields=1)


def _played(
    frames: Frames, *, blurs: int, smears: int, delay: int, noise: tuple[float, float], fields: int
) -> list[Rgb]:
    rng = np.random.default_rng(31)
    found = []
    for index, frame in enumerate(frames):
        picture = frame.astype(np.float64)
        luma = picture @ np.array((0.299, 0.587, 0.114))
        colour = picture - luma[..., None]
        for _ in range(blurs):
            luma = _smoothed(luma, 1)
        for _ in range(smears):
            colour = _smoothed(colour, 1)
        luma += noise[0] * rng.standard_normal(luma.shape)
        luma += noise[1] * rng.standard_normal((len(luma), 1))
        colour = np.roll(colour, delay, axis=1)
        picture = luma[..., None] + colour
        if fields == 2:
            first = index % 2  # the other field's lines are the means of their neighbours
            lines = np.arange(1 - first, len(luma), 2)
            above, below = np.clip(lines - 1, 0, None), np.clip(lines + 1, None, len(luma) - 1)
            picture[lines] = (picture[above] + picture[below]) / 2
        found.append(_codes(picture))
    return found


def noisy(frames: Frames) -> list[Rgb]:
    """Add a little noise, independent from frame to frame, as a camera does."""
    rng = np.random.default_rng(47)
    return [_codes(frame + 2.0 * rng.standard_normal(frame.shape)) for frame in frames]


WEARS: dict[str, Callable[[Frames], list[Rgb]]] = {
    "grain": grainy,
    "noise": noisy,
    "tape": taped,
    "good tape": well_taped,
}


def _smoothed(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    before, after = np.roll(values, 1, axis), np.roll(values, -1, axis)
    mean: NDArray[np.float64] = (before + 2 * values + after) / 4
    return mean


def _codes(picture: NDArray[np.float64]) -> Rgb:
    codes: Rgb = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return codes
