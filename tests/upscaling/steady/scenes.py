"""Textures that move, as arrays."""

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]

FINE = 8
"""Places of a texture to a pixel of what is shown of it."""


def texture(rows: int, columns: int, seed: int = 0) -> NDArray[np.float64]:
    """Noise with the spectrum of photographs, periodic, `FINE` times as fine as it is shown."""
    rng = np.random.default_rng(seed)
    shape = (rows * FINE, columns * FINE)
    down, across = (np.fft.fftfreq(side) * FINE for side in shape)
    cycles = np.hypot(down[:, None], across)  # per pixel that is shown
    keep = np.exp(-((cycles / 0.3) ** 2)) / (0.02 + cycles)
    soft = np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * keep).real
    found: NDArray[np.float64] = 128 + 40 * soft / soft.std()
    return found


def shown(whole: NDArray[np.float64], down: float, right: float) -> Luma:
    """What is seen of a texture that went down and right by pixels: averages over each."""
    moved = np.roll(whole, (round(down * FINE), round(right * FINE)), (0, 1))
    rows, columns = (side // FINE for side in whole.shape)
    means = moved.reshape(rows, FINE, columns, FINE).mean((1, 3))
    codes: Luma = np.clip(np.rint(means), 0, 255).astype(np.uint8)
    return codes
