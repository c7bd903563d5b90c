"""Draw grain on finished frames: noise of a given spectrum, its strength by the luma of each pixel.

A torus of noise is made once. Each frame takes it from a place that its pts decides, so a run that
is resumed, and any worker, draw the same; identical frames get different grain. Luma only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Codes
from vsr.frames import HostFrame
from vsr.values import BANDS, FREQUENCIES, GrainProfile, Size

SIDE = 1024
"""The side of the torus, in output pixels."""

UNIT = 32
"""The standard deviation of the torus' numbers, so that int8 holds four of them."""

SHIFT = 9
"""The bits by which the product of a gain and a number of the torus is shifted at 8 bits: both fit
16 bits together."""

STRIP = 64
"""Rows at a time: few enough for a processor's cache."""

FADE, END = 0.42, 0.62
"""Cycles per source pixel, in any direction: the spectrum fades out between them, as a source
cannot hold more. A square end would be seen as a weave."""

EDGE = 8
"""The 8-bit codes above black over which grain fades in, so that bars stay black."""

WIDE_BITS = 12
"""Deeper codes do not fit 16 bits together with their noise."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GrainField:
    """Grain for frames of one size and format.

    Attributes:
        gains: (codes,): for each luma code, what a number of the torus is multiplied by.
        torus: int8, wrapped far enough for a frame to begin anywhere in it.
        shift: what the product is shifted right by.
    """

    gains: NDArray[Any]
    torus: NDArray[np.int8]
    shift: int
    peak: int

    @classmethod
    def of(cls, profile: GrainProfile, source: Size, output: Size, codes: Codes) -> Self:
        """Make the noise.

        Args:
            source: the size at which the profile was measured.
            output: the size of the frames.
            codes: of the frames.
        """
        scale = (output.height / source.height, output.width / source.width)
        shares = np.array(profile.spectrum).reshape(FREQUENCIES, FREQUENCIES)
        torus = noise_torus(shares, scale)
        wrapped = np.pad(torus, ((0, output.height), (0, output.width)), mode="wrap")
        extra_bits = (codes.peak + 1).bit_length() - 1 - 8
        is_wide = extra_bits > WIDE_BITS - 8
        shift = SHIFT if is_wide else SHIFT - extra_bits
        deviations = strengthened(shares, scale) * _deviation_of_codes(profile, codes)
        gains = np.rint(deviations * 2.0**extra_bits * 2.0**shift / UNIT)
        most = np.iinfo(np.int32).max >> 8 if is_wide else (1 << 8) - 1
        dtype = np.int32 if is_wide else np.int16
        return cls(np.minimum(gains, most).astype(dtype), wrapped, shift, codes.peak)

    def drawn(self, frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
        """Yield frames with grain; their own planes stay as they are."""
        for frame in frames:
            luma, *chroma = frame.planes
            yield replace(frame, planes=(self._on(luma, frame.pts), *chroma))

    def _on(self, luma: NDArray[Any], pts: int) -> NDArray[Any]:
        rows, columns = luma.shape
        top, left = place_of(pts)
        noise = self.torus[top : top + rows, left : left + columns]
        result = np.empty_like(luma)
        work = np.empty((STRIP, columns), self.gains.dtype)
        for row in range(0, rows, STRIP):
            codes = luma[row : row + STRIP]
            own = work[: len(codes)]
            np.take(self.gains, codes, out=own, mode="clip")
            own *= noise[row : row + STRIP]
            own += 1 << (self.shift - 1)
            own >>= self.shift
            own += codes if codes.dtype == np.uint8 else codes.astype(own.dtype)
            np.clip(own, 0, self.peak, out=own)
            result[row : row + STRIP] = own
        return result


def place_of(pts: int) -> tuple[int, int]:
    """Return where in the torus the frame of this time begins: any place, equally likely.

    Source: G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators (2014): the
    finaliser of SplitMix64.
    """
    mask = (1 << 64) - 1
    mixed = (pts * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & mask
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    mixed ^= mixed >> 31
    return (mixed >> 32) % SIDE, (mixed & 0xFFFFFFFF) % SIDE


def noise_torus(shares: Floats, scale: tuple[float, float]) -> NDArray[np.int8]:
    """Return periodic Gaussian noise (SIDE, SIDE) of a spectrum, of the deviation `UNIT`.

    Args:
        shares: (FREQUENCIES, FREQUENCIES): variance at the frequencies of a source pixel.
        scale: output pixels per source pixel, down and across.
    """
    down = np.abs(np.fft.fftfreq(SIDE)) * scale[0]
    across = np.fft.rfftfreq(SIDE) * scale[1]
    white = np.random.default_rng(0).standard_normal((SIDE, SIDE))
    shaped = np.fft.rfft2(white) * np.sqrt(_density(shares, down, across))
    shaped[0, 0] = 0
    noise = np.fft.irfft2(shaped, (SIDE, SIDE))
    torus: NDArray[np.int8] = np.clip(np.rint(noise * (UNIT / noise.std())), -127, 127).astype(
        np.int8
    )
    return torus


def strengthened(shares: Floats, scale: tuple[float, float]) -> float:
    """Return the deviation of an output pixel for a deviation of 1 in the source.

    Enlarged noise is weaker again when it is reduced to the source's size by Catmull-Rom, which
    takes what is fine. Half of that loss is made up for, so that the deviation is the source's
    at either size, as nearly as it can be.
    """
    grid: Floats = np.asarray(np.linspace(0, END, 64), np.float64)
    density = _density(shares, grid, grid)
    kept = _response(grid) ** 2
    is_held = [grid <= min(END, factor / 2) for factor in scale]
    shown = density * np.outer(*is_held)
    through = (shown * np.outer(kept, kept)).sum() / shown.sum()
    return float(np.sqrt(shown.sum() / density.sum() / np.sqrt(through)))


def _density(shares: Floats, down: NDArray[Any], across: NDArray[Any]) -> Floats:
    """Return the variance at each frequency, in cycles per source pixel: (down, across)."""
    known = np.arange(FREQUENCIES) / (2 * FREQUENCIES)
    rows = np.stack([np.interp(down, known, column) for column in shares.T], axis=1)
    both = np.stack([np.interp(across, known, row) for row in rows])
    radii = np.hypot(down[:, None], across)
    density: Floats = both * np.clip((END - radii) / (END - FADE), 0, 1)
    return density


def _response(frequency: NDArray[Any]) -> Floats:
    """Return how much of a frequency Catmull-Rom keeps (its Fourier transform)."""
    x = (np.arange(256) + 0.5) / 128
    inner = 1.5 * x**3 - 2.5 * x**2 + 1
    outer = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    kernel = np.where(x < 1, inner, outer) / 128
    response: Floats = 2 * (kernel * np.cos(2 * np.pi * np.outer(frequency, x))).sum(axis=1)
    return response


def _deviation_of_codes(profile: GrainProfile, codes: Codes) -> Floats:
    """Return the deviation at each luma code, in codes of 8 bits."""
    per_code = 256 / (codes.peak + 1)
    code = np.arange(codes.peak + 1) * per_code
    middles = (np.arange(BANDS) + 0.5) * 256 / BANDS
    deviation = np.interp(code, middles, profile.deviations)
    above_black = code - codes.luma_offset * per_code
    faded: Floats = deviation * np.clip(above_black / EDGE, 0, 1)
    return faded
