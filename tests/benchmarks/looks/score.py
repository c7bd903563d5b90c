"""All figures of one method on one clip."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tests.benchmarks.looks import sharpness, tones
from tests.benchmarks.looks.clips import SCALE, Clip, Material
from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.sharpness import Both, Luma
from tests.benchmarks.periodicity import periodicity
from vsr.metrics.features import Features, cosine_distance, relative_distance
from vsr.metrics.psnr_and_ssim import psnr

LOOKED_AT = (2, 6)
"""The frames that are judged as single pictures."""

TAPS = (2, 5, 10, 15)
"""Blocks of MobileNetV2 that no training looks at."""

PERIODS = (4, 2)
BORDER = 16
"""Result pixels that are left out on each side: networks see nothing beyond."""

FEATURES = Path("weights") / "mobilenet_v2_features_fp16.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What results of a clip are judged against.

    Attributes:
        lanczos: (T, sH, sW, 3).
        sharp: edges of the frames in `LOOKED_AT`.
        soft: edges out of focus.
        teacher: what the public network makes of the frames, or None.
    """

    clip: Clip
    material: Material
    lanczos: Rgb
    sharp: tuple[Both, ...]
    soft: tuple[Both, ...]
    teacher: Rgb | None

    @classmethod
    def of(cls, clip: Clip, material: Material, lanczos: Rgb, teacher: Rgb | None) -> Scene:
        """Find the edges of a clip's source."""
        lumas = [luma_of(material.source[index]) for index in LOOKED_AT]
        return cls(
            clip=clip,
            material=material,
            lanczos=lanczos,
            sharp=tuple(sharpness.sharp_edges(luma) for luma in lumas),
            soft=tuple(sharpness.soft_edges(luma) for luma in lumas),
            teacher=teacher,
        )

    def acutance(self, frames: Rgb) -> float | None:
        """Return acutance on the mean over frames in `LOOKED_AT`: (2, sH, sW, 3)."""
        if min(map(_count, self.sharp)) < sharpness.FEWEST_EDGES:
            return None
        return fmean(
            sharpness.acutance(luma_of(frame), luma_of(self.lanczos[index]), edges, SCALE)
            for frame, index, edges in zip(frames, LOOKED_AT, self.sharp)
        )


def luma_of(rgb: Rgb) -> Luma:
    """Return luma in codes of 0 to 255."""
    found: Luma = np.ascontiguousarray(tones.planes(rgb)[..., 0])
    return found


def scores(scene: Scene, frames: Rgb) -> dict[str, Any]:
    """Return the figures of single pictures.

    Args:
        frames: what a method makes of the frames in `LOOKED_AT`, (2, sH, sW, 3).
    """
    each = [_of_picture(scene, place, frame) for place, frame in enumerate(frames)]
    found: dict[str, Any] = {"acutance": scene.acutance(frames)}
    for name in each[0]:
        values = [one[name] for one in each]
        found[name] = None if None in values else fmean(values)
    return found


def _of_picture(scene: Scene, place: int, frame: Rgb) -> dict[str, float | None]:
    index = LOOKED_AT[place]
    luma, base = luma_of(frame), luma_of(scene.lanczos[index])
    soft = scene.soft[place]
    luma_shift, chroma_shift = tones.shifts(frame, scene.lanczos[index])
    found: dict[str, float | None] = {
        "focus": sharpness.focus(luma, base, soft, SCALE)
        if _count(soft) >= sharpness.FEWEST_EDGES
        else None,
        "steepest_tenth": sharpness.steepest_tenth(luma, base),
        "overshoot": sharpness.overshoot(luma, base),
        "luma_shift": luma_shift,
        "chroma_shift": chroma_shift,
    }
    for period in PERIODS:
        ratio = periodicity(_inner(luma), period) / periodicity(_inner(base), period)
        found[f"period_{period}"] = ratio
    return found | _against_truth(scene, index, frame, luma)


def _against_truth(scene: Scene, index: int, frame: Rgb, luma: Luma) -> dict[str, float | None]:
    found: dict[str, float | None] = dict.fromkeys(("weak_texture", "psnr_y", "cosine", "relative"))
    found["psnr_teacher"] = None
    if scene.teacher is not None:
        found["psnr_teacher"] = _psnr(luma, luma_of(scene.teacher[index]))
    truth = scene.material.truth
    if truth is None:
        return found
    true = luma_of(truth[index])
    found["weak_texture"] = sharpness.weak_texture(_inner(luma), _inner(true))
    found["psnr_y"] = _psnr(luma, true)
    with torch.inference_mode():
        both = [_features()(_tensor(one), TAPS) for one in (frame, truth[index])]
        found["cosine"] = float(cosine_distance(*both))
        found["relative"] = float(relative_distance(*both))
    return found


def _psnr(one: Luma, other: Luma) -> float:
    """Cap at 99 dB, as equal pictures have no finite figure."""
    if np.array_equal(one, other):
        return 99.0
    return min(psnr(_inner(one), _inner(other)), 99.0)


def _inner(luma: NDArray[Any]) -> NDArray[Any]:
    return luma[BORDER:-BORDER, BORDER:-BORDER]


def _count(edges: Both) -> int:
    return len(edges[0]) + len(edges[1])


@cache
def _features() -> Features:
    return Features.open(Path(os.environ["VSR_DATA"]) / FEATURES)


def _tensor(rgb: Rgb) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(rgb, 2, 0)[None])).float() / 255
