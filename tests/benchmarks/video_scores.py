"""How near enlarged pictures are to the truth, how natural they look, how much they flicker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tests.benchmarks.video_clips import Planes
from vsr.colour import Codes, Matrix, Range, rgb_from_yuv
from vsr.jobs.evaluate import Judge, parameter_files
from vsr.metrics.flicker import FlickerMeter
from vsr.metrics.protocol import Pair
from vsr.metrics.scores import psnr, ssim

LOOKED_AT = 5
"""Structure is measured on every fifth picture, as it costs more than enlarging one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The true pictures, and what is needed to judge others by them.

    Attributes:
        scale: how many times smaller what was enlarged is.
        guides: their reduced luma, enlarged by repetition: where it stands still the scene does,
            whatever the grain of the truth and the codec do.
        deviation: how much the truth itself flickers there, in codes; None if nothing stands still.
    """

    pictures: Sequence[Planes]
    scale: int
    guides: Sequence[NDArray[np.float64]]
    deviation: float | None
    judge: Judge

    @classmethod
    def of(cls, pictures: Sequence[Planes], small: Sequence[Planes]) -> Truth:
        """Take true pictures and their reduced ones."""
        scale = len(pictures[0][0]) // len(small[0][0])
        guides = [
            planes[0].astype(np.float64).repeat(scale, 0).repeat(scale, 1) for planes in small
        ]
        judge = Judge.open(*parameter_files(), torch.device("cpu"))
        return cls(
            pictures=pictures,
            scale=scale,
            guides=guides,
            deviation=_deviation(guides, pictures),
            judge=judge,
        )

    def scores(self, result: Sequence[Planes]) -> dict[str, Any]:
        """Return the figures of one result."""
        pairs = list(zip(self.pictures, result, strict=True))
        inner = slice(self.scale, -self.scale)
        lumas = [(true[0][inner, inner], own[0][inner, inner]) for true, own in pairs]
        looks = self.judge.scores(_rgb_pair(*pairs[0]), border=self.scale)
        values = {
            "psnr_y": fmean(psnr(true, own) for true, own in lumas),
            "ssim_y": fmean(
                ssim(true.astype(np.float64), own.astype(np.float64))
                for true, own in lumas[::LOOKED_AT]
            ),
            "feature_distance": looks.feature_distance,
            "niqe": looks.niqe,
            "flicker": self.flicker(result),
        }
        return {name: value and round(value, 4) for name, value in values.items()}

    def flicker(self, result: Sequence[Planes]) -> float | None:
        """Return how much a result flickers where the scene stands still; 1 is like the truth."""
        deviation = _deviation(self.guides, result)
        return deviation / self.deviation if deviation and self.deviation else None


def _deviation(guides: Sequence[NDArray[np.float64]], pictures: Sequence[Planes]) -> float | None:
    meter = FlickerMeter()
    for guide, planes in zip(guides, pictures, strict=True):
        meter.add(guide, planes[0].astype(np.float64))
    flicker = meter.flicker()
    return flicker.static_std if flicker else None


def _rgb_pair(truth: Planes, result: Planes) -> Pair:
    return Pair(truth=rgb_of(truth), result=rgb_of(result), is_gray=False)


def rgb_of(planes: Planes) -> NDArray[np.uint8]:
    """Return R'G'B' with repeated chroma; for measures of looks only."""
    codes = Codes.of(8, Range.LIMITED)
    y, u, v = (p.astype(np.float64) for p in planes)
    y = (y - codes.luma_offset) / codes.luma_scale
    u, v = ((p - codes.chroma_offset) / codes.chroma_scale for p in (u, v))
    u, v = (p.repeat(2, 0).repeat(2, 1) for p in (u, v))
    rgb = np.stack((y, u, v), axis=-1) @ np.array(rgb_from_yuv(Matrix.SMPTE170M)).T
    return np.clip(np.round(255 * rgb), 0, 255).astype(np.uint8)
