"""How far two pictures are shifted against each other.

Whole samples by the peak of the phase correlation, the rest by least squares on the gradient,
repeated with one picture moved in the Fourier domain.

Source: B. Lucas and T. Kanade, An Iterative Image Registration Technique (1981), equation 10;
C. Kuglin and D. Hines, The Phase Correlation Image Alignment Method (1975).
"""

from __future__ import annotations

import numpy as np

from vsr.kernels import Array

ROUNDS = 6
"""Rounds of least squares; each leaves a tenth of the error, or less."""

BORDER = 4
"""Samples at each side that least squares leaves out: what is moved in comes from the far side."""

FAINT = 2.0
"""Deviation of luma, in 8-bit codes, below which a picture says nothing of where it lies."""


def shift_between(picture: Array, reference: Array) -> tuple[float, float] | None:
    """Return (down, right): by so many samples the picture shows less far than the reference.

    What is at ``reference[y, x]`` is at ``picture[y + down, x + right]``. None if either is flat.

    Args:
        picture: luma, (H, W), 8-bit codes.
        reference: of the same shape.
    """
    if min(picture.std(), reference.std()) < FAINT or min(picture.shape) <= 4 * BORDER:
        return None
    down, right = map(float, _peak(picture, reference))
    for _ in range(ROUNDS):
        moved = _moved(reference, down, right)
        step = _least_squares(picture, moved)
        if step is None:
            return None
        down, right = down + step[0], right + step[1]
    return down, right


def _peak(picture: Array, reference: Array) -> tuple[int, int]:
    """Return the shift in whole samples."""
    window = np.hanning(picture.shape[0])[:, None] * np.hanning(picture.shape[1])
    mine, theirs = (np.fft.rfft2((one - one.mean()) * window) for one in (picture, reference))
    cross = mine * theirs.conj()
    correlation = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), picture.shape)
    height, width = picture.shape
    down, right = divmod(int(np.argmax(correlation)), width)
    return down - height * (down > height // 2), right - width * (right > width // 2)


def _least_squares(picture: Array, moved: Array) -> Array | None:
    """Return the small shift that best explains ``picture − moved``."""
    inner = (slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    slopes = np.stack([np.gradient(moved, axis=axis)[inner].ravel() for axis in (0, 1)])
    error: Array = (picture - moved)[inner].ravel()
    difference = error - error.mean()
    normal = slopes @ slopes.T
    if np.linalg.det(normal) < 1e-6 * np.trace(normal) ** 2:
        return None  # stripes: only one direction can be told
    step: Array = -np.linalg.solve(normal, slopes @ difference)
    return step


def _moved(picture: Array, down: float, right: float) -> Array:
    """Return a picture moved by parts of a sample; it comes in again at the far side."""
    rows = np.fft.fftfreq(picture.shape[0])[:, None] * down
    columns = np.fft.rfftfreq(picture.shape[1]) * right
    spectrum = np.fft.rfft2(picture) * np.exp(-2j * np.pi * (rows + columns))
    moved: Array = np.fft.irfft2(spectrum, picture.shape)
    return moved
