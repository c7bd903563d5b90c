"""All figures of one method on one clip."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray

from tests.benchmarks.looks import motion, pages, sharpness, tones
from tests.benchmarks.looks.clips import KEY_FRAMES, Clip
from tests.benchmarks.looks.flow import Flow, flow_between
from tests.benchmarks.looks.material import LOOKED_AT, Material, text_page
from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.shades import shading
from tests.benchmarks.looks.sharpness import Both, Luma
from tests.benchmarks.periodicity import WINDOW, periodicity
from vsr.errors import InvalidData
from vsr.metrics.features import Features, cosine_distance, relative_distance
from vsr.metrics.niqe import Pristine, niqe
from vsr.metrics.scores import psnr

TAPS = (2, 5, 10, 15)
"""Blocks of MobileNetV2 that no training looks at."""

PERIODS = (4, 2)
"""In result pixels, where cells of so many fit into those of the scale."""

BORDER = 16
"""Result pixels that are left out on each side: networks see nothing beyond."""

GRAY = 8.0
"""Codes of Cb and Cr within which a picture is gray, whose colours no figure is for."""

FOLLOWED = (1, 5)
"""The frames from which motion is followed to the next."""

FEATURES, PRISTINE = "mobilenet_v2_features_fp16.safetensors", "niqe_pris_params.npz"

Scores = Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What results of a clip are judged against.

    Attributes:
        lanczos: (T, sH, sW, 3).
        teacher: what the public network makes of the frames, or None.
    """

    clip: Clip
    material: Material
    lanczos: Rgb
    teacher: Rgb | None

    @cached_property
    def source(self) -> NDArray[np.float32]:
        """Luma of the source, (T, H, W)."""
        return lumas(self.material.source)

    @cached_property
    def sharp(self) -> tuple[Both, ...]:
        """Edges that are sharp in the source, of the frames that are judged."""
        return tuple(sharpness.sharp_edges(luma) for luma in pictures(self.source))

    @cached_property
    def steps(self) -> tuple[Both, ...]:
        """Those of them that lie between two plains."""
        return tuple(sharpness.step_edges(luma) for luma in pictures(self.source))

    @cached_property
    def soft(self) -> tuple[Both, ...]:
        """Edges out of focus."""
        return tuple(sharpness.soft_edges(luma) for luma in pictures(self.source))

    @cached_property
    def flows(self) -> list[Flow]:
        """The source's flow from each frame to the next."""
        return [flow_between(*pair) for pair in pairwise(self.source)]

    def acutance(self, frames: Rgb) -> float | None:
        """Return acutance on the mean over the frames that are judged, (2, sH, sW, 3)."""
        if min(map(_count, self.sharp)) < sharpness.FEWEST_EDGES:
            return None
        triples = zip(lumas(frames), lumas(pictures(self.lanczos)), self.sharp)
        scale = self.clip.scale
        return fmean(sharpness.acutance(own, base, edges, scale) for own, base, edges in triples)


def pictures(frames: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the frames that are judged as single pictures."""
    return frames if len(frames) == len(LOOKED_AT) else frames[list(LOOKED_AT)]


def lumas(rgb: Rgb) -> NDArray[np.float32]:
    """Return luma in codes of 0 to 255."""
    found: NDArray[np.float32] = np.ascontiguousarray(tones.planes(rgb)[..., 0])
    return found


def colours(rgb: Rgb) -> NDArray[np.float32]:
    """Return Cb and Cr in codes, (H, W, 2)."""
    found: NDArray[np.float32] = np.ascontiguousarray(tones.planes(rgb)[..., 1:])
    return found


def scores(scene: Scene, frames: Rgb) -> Scores:
    """Return the figures that a clip is there for.

    Args:
        frames: (T, sH, sW, 3); of a slow method, only those judged as single pictures.
    """
    if scene.clip.purpose == "text":
        return {"acutance": scene.acutance(frames)} | _read(scene, frames)
    if scene.clip.purpose in ("looks", "face"):
        return _of_pictures(scene, pictures(frames)) | _in_motion(scene, frames)
    if len(frames) < scene.clip.frames:
        return {}
    if scene.clip.purpose == "shade":
        found = shading(frames, scene.clip.file.partition("/")[2])
        return {"contours": found.contours, "dark_contrast": found.contrast}
    acutance = scene.acutance(pictures(frames))
    if scene.clip.purpose == "pan":
        residual = motion.panned_residual(lumas(frames), scene.clip.pan)
        return {"acutance": acutance, "pan_residual": residual}
    own = lumas(frames)
    luma, detail = motion.pulsing(own, KEY_FRAMES)
    flicker = motion.still_flicker(own, np.ones_like(own[1:], bool))
    pulsing = {"pulsing_luma": luma, "pulsing_detail": detail}
    return {"acutance": acutance, "still": flicker} | pulsing


def _read(scene: Scene, frames: Rgb) -> dict[str, float]:
    script = scene.clip.file.partition("/")[2]
    _, cells = text_page(scene.clip)
    readings = [
        pages.read(luma, cells, script, scene.clip.pan * index)
        for luma, index in zip(lumas(frames), LOOKED_AT)
    ]
    return {
        "wrong_characters": fmean(one.wrong for one in readings),
        "reading_margin": fmean(one.margin for one in readings),
    }


def _in_motion(scene: Scene, frames: Rgb) -> Scores:
    if len(frames) < scene.clip.frames:
        return {}
    own = lumas(frames)
    still = motion.still_places(scene.source, scene.flows, scene.clip.scale)
    return {
        "boiling": motion.boiling(own, [(index, scene.flows[index]) for index in FOLLOWED]),
        "still": motion.still_flicker(own, still),
    }


def _of_pictures(scene: Scene, frames: Rgb) -> dict[str, float | None]:
    each = [_of_picture(scene, place, frame) for place, frame in enumerate(frames)]
    found: dict[str, float | None] = {"acutance": scene.acutance(frames)}
    for name in each[0]:
        values = [one[name] for one in each]
        known = [value for value in values if value is not None]
        found[name] = fmean(known) if len(known) == len(values) else None
    found["niqe"] = _niqe(lumas(frames[:1])[0])
    return found


def _of_picture(scene: Scene, place: int, frame: Rgb) -> dict[str, float | None]:
    lanczos = pictures(scene.lanczos)[place]
    luma, base = lumas(frame), lumas(lanczos)
    soft, steps, scale = scene.soft[place], scene.steps[place], scene.clip.scale
    luma_shift, chroma_shift = tones.shifts(frame, lanczos)
    found: dict[str, float | None] = {
        "steepest_tenth": sharpness.steepest_tenth(luma, base),
        "focus": sharpness.focus(luma, base, soft, scale) if _enough(soft) else None,
        "overshoot": sharpness.overshoot(luma, base, steps, scale) if _enough(steps) else None,
        "luma_shift": luma_shift,
        "chroma_shift": chroma_shift,
        "kept_texture": sharpness.kept_texture(luma, base) if scene.clip.is_clean else None,
    }
    own, its = _inner(luma), _inner(base)
    for period in (period for period in PERIODS if scale % period == 0):
        is_large = min(own.shape) >= WINDOW
        ratio = periodicity(own, period) / periodicity(its, period) if is_large else None
        found[f"period_{period}"] = ratio
    if scene.teacher is not None:
        found["psnr_teacher"] = _psnr(luma, lumas(pictures(scene.teacher)[place]))
    if scene.material.truth is not None:
        found |= _against_truth(frame, luma, pictures(scene.material.truth)[place])
    return found


def _against_truth(frame: Rgb, luma: Luma, truth: Rgb) -> dict[str, float | None]:
    true, its = lumas(truth), colours(truth)
    with torch.inference_mode():
        both = [_features()(_tensor(one), TAPS) for one in (frame, truth)]
        cosine, relative = float(cosine_distance(*both)), float(relative_distance(*both))
    return {
        "weak_texture": sharpness.weak_texture(_inner(luma), _inner(true)),
        "psnr_y": _psnr(luma, true),
        "psnr_c": _psnr(colours(frame), its) if np.ptp(its) > GRAY else None,
        "cosine": cosine,
        "relative": relative,
    }


def _psnr(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Cap at 99 dB, as equal pictures have no finite figure."""
    if np.array_equal(one, other):
        return 99.0
    return min(psnr(_inner(one), _inner(other)), 99.0)


def _niqe(luma: Luma) -> float | None:
    try:
        return niqe(16 + luma * (219 / 255), Pristine.open(_weights() / PRISTINE))
    except InvalidData:  # too small or too flat for it
        return None


def _inner(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return picture[BORDER:-BORDER, BORDER:-BORDER]


def _count(edges: Both) -> int:
    return len(edges[0]) + len(edges[1])


def _enough(edges: Both) -> bool:
    return _count(edges) >= sharpness.FEWEST_EDGES


@cache
def _features() -> Features:
    return Features.open(_weights() / FEATURES)


def _weights() -> Path:
    return Path(os.environ["VSR_DATA"]) / "weights"


def _tensor(rgb: Rgb) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(rgb, 2, 0)[None])).float() / 255
