"""Photographs as drawings: smooth fields, few tones, inked edges."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from vsr.training.damage.camera import blurred, luma

EDGE_PRESERVED = 0.0025
"""Variance ([0, 1]²) above which a guided filter takes a place for an edge."""


def cartoon(photo: Image.Image, seed: int) -> Image.Image:
    """Return a drawing of a photograph; the same for the same seed.

    Fields are what a guided filter leaves (K. He et al., ECCV 2010, equation 8); tones are drawn
    to a few steps, more or less hard; ink is an extended difference of Gaussians
    (H. Winnemöller et al., Computers & Graphics 2012, equation 7).
    """
    rng = np.random.default_rng(seed)
    codes = np.asarray(photo.convert("RGB"), np.float32) / 255
    picture = torch.from_numpy(codes).permute(2, 0, 1)[None]
    for radius in (4, 8, 8):
        picture = _guided(picture, radius)
    ink = _ink(luma(picture), float(rng.uniform(0.9, 2.2)))
    steps, hardness = (
        int(rng.integers(5, 13)),
        float(rng.choice([0.0, 2.0, 8.0], p=[0.3, 0.3, 0.4])),
    )
    picture = _saturated(_stepped(picture, steps, hardness), float(rng.uniform(1.0, 1.8)))
    dark = torch.tensor(rng.uniform(0, 0.18, 3), dtype=torch.float32)[None, :, None, None]
    if rng.random() < 0.75:
        picture = picture * (1 - ink) + dark * ink
    codes = picture[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(codes)


def painted(photo: Image.Image, seed: int) -> Image.Image:
    """Return a background in the manner of paint: smoothed, with part of its texture kept."""
    rng = np.random.default_rng(seed)
    codes = np.asarray(photo.convert("RGB"), np.float32) / 255
    picture = torch.from_numpy(codes).permute(2, 0, 1)[None]
    smooth = _guided(_guided(picture, 6), 6)
    kept = smooth + float(rng.uniform(0.2, 0.6)) * (picture - smooth)
    codes = _saturated(kept, 1.2)[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(codes)


def _mean(picture: Tensor, radius: int) -> Tensor:
    window = 2 * radius + 1
    padded = F.pad(picture, (radius,) * 4, mode="reflect")
    return F.avg_pool2d(F.avg_pool2d(padded, (1, window), 1), (window, 1), 1)


def _guided(picture: Tensor, radius: int) -> Tensor:
    """Smooth each channel by the picture's luma as a guide."""
    guide = luma(picture)
    mean, own = _mean(guide, radius), _mean(picture, radius)
    variance = _mean(guide * guide, radius) - mean * mean
    slope = (_mean(guide * picture, radius) - mean * own) / (variance + EDGE_PRESERVED)
    return _mean(slope, radius) * guide + _mean(own - slope * mean, radius)


def _ink(gray: Tensor, deviation: float) -> Tensor:
    """Return how much ink there is, 0 to 1: (N, 1, H, W)."""
    sharpened = 20 * blurred(gray, deviation) - 19 * blurred(gray, 1.6 * deviation)
    below = (0.42 * blurred(gray, 24.0) - (sharpened - 0.5 * gray)).clamp_min(0)
    return torch.tanh(14 * below)


def _stepped(picture: Tensor, steps: int, hardness: float) -> Tensor:
    """Draw the luma towards a few tones; a hardness of 0 leaves it."""
    if hardness == 0:
        return picture
    gray = luma(picture)
    nearest = (gray * steps).round()
    slope = torch.tanh(hardness * (gray * steps - nearest)) / (2 * np.tanh(hardness / 2))
    return picture + (nearest + slope) / steps - gray


def _saturated(picture: Tensor, amount: float) -> Tensor:
    gray = luma(picture)
    return gray + amount * (picture - gray)
