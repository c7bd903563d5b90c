"""HDR as an SDR screen would show it, since a browser takes every picture for SDR.

Sources: ITU-R BT.2100-2 (PQ: table 4; HLG: table 5, its display of 1000 cd/m²), BT.2087-0
(primaries of BT.2020 in those of BT.709), BT.2408-7 (203 cd/m² is diffuse white).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vsr.colour import HLG, PQ, Colour
from vsr.media.images.pictures import Picture

Linear = NDArray[np.float32]

DIFFUSE_WHITE = 203.0
HLG_PEAK = 1000.0
HLG_GAMMA = 1.2
BT2020 = 9
"""Primaries of H.273, table 2."""

TO_BT709 = np.array(
    ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    dtype=np.float32,
)

LUMINANCE = np.array((0.2627, 0.6780, 0.0593), dtype=np.float32)

KNEE = 0.7
"""Up to this share of white, light stays as it is; what is brighter is rolled off below white."""

SCREEN_GAMMA = 2.2


def in_sdr(picture: Picture, colour: Colour) -> Picture:
    """Return a picture of HDR codes as SDR shows it; any other one as it is.

    Shape: (H, W, 3) 8-bit R'G'B', in and out.
    """
    if not colour.is_hdr:
        return picture
    codes = np.arange(256, dtype=np.float64) / 255
    table = (_from_pq(codes) if colour.transfer == PQ else _from_hlg(codes)).astype(np.float32)
    light = table[picture]
    if colour.transfer == HLG:
        scene = np.maximum(light @ LUMINANCE, 1e-6)
        light = light * (scene ** (HLG_GAMMA - 1))[..., None] * (HLG_PEAK / DIFFUSE_WHITE)
    if colour.primaries == BT2020:
        light = light @ TO_BT709.T
    light = np.maximum(light, 0)
    sdr: Picture = np.round(255 * _rolled_off(light) ** (1 / SCREEN_GAMMA)).astype(np.uint8)
    return sdr


def _from_pq(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return light, 1 being diffuse white, of PQ's codes in [0, 1]."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = codes ** (1 / m2)
    return (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) * 10_000 / DIFFUSE_WHITE


def _from_hlg(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the light of the scene, in [0, 1], of HLG's codes."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)


def _rolled_off(light: Linear) -> Linear:
    """Return light below 1; the brightest of the three decides, so that no hue changes."""
    brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    above = 1 - np.exp(-np.maximum(brightest - KNEE, 0) / (1 - KNEE))
    wanted = np.where(brightest <= KNEE, brightest, KNEE + (1 - KNEE) * above)
    rolled_off: Linear = np.minimum(light * (wanted / brightest), 1)
    return rolled_off
