"""``--strength auto``: how strong a flavour a source needs, from how it is compressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2
from pathlib import Path
from statistics import fmean
from typing import Any

from numpy.typing import NDArray

from vsr.blend import Blend
from vsr.media.reading.film_sample import sample_film
from vsr.media.source.info import MediaInfo
from vsr.metrics.blockiness import blockiness
from vsr.models.catalog import Model
from vsr.models.flavours import flavours_of
from vsr.specs import UpscaleSpec

LOSSLESS = frozenset(
    {
        "rawvideo", "ffv1", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "v210", "v410", "png",
        "apng", "qtrle", "prores", "dnxhd", "cfhd", "jpeg2000",
    }
)  # fmt: skip
"""Lossless and intermediate codecs: there is nothing to repair."""

WORTH = {
    "hevc": 1.5,
    "av1": 1.5,
    "vp9": 1.2,
    "mpeg4": 0.67,
    "mpeg2video": 0.54,
    "avif": 0.25,
    "webp": 0.21,
    "mjpeg": 0.13,
}
"""How many bits of H.264 one bit of another codec equals: measured on seven clips of 16 frames,
libx264, libx265, SVT-AV1, libvpx, mpeg4, mpeg2video and Pillow at equal luma PSNR.
"""

LOSSY_PICTURES = {".jpg": "mjpeg", ".jpeg": "mjpeg", ".webp": "webp", ".avif": "avif"}
"""Suffix of an image → what compressed it. Others are taken to be lossless."""

AT_ONE_BIT, PER_HALVING, PER_BLOCKINESS = 0.211, 0.148, 0.766
"""The strength at one bit of H.264 per pixel without blocks, and what is added to it each time the
bits halve, and by blocks. Fitted to the best luma PSNR by ``tests/benchmarks/strength.py``."""

STEP = 0.05
"""Strengths are multiples of it, so that a folder of similar films needs few networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How hard a film is compressed.

    Attributes:
        codec: FFmpeg's name.
        bits_per_pixel: of its coded frames.
        blockiness: how much 8×8 blocks show, as `vsr.metrics.blockiness`.
    """

    codec: str
    bits_per_pixel: float
    blockiness: float

    def __str__(self) -> str:
        return f"{self.bits_per_pixel:.3f} bits per pixel, blockiness {self.blockiness:.2f}"

    @property
    def strength(self) -> float:
        """The strength that such a film needs, 0 to 1; it falls with bits and rises with blocks."""
        if self.codec in LOSSLESS:
            return 0.0
        bits = max(self.bits_per_pixel * WORTH.get(self.codec, 1.0), 1e-4)
        wanted = AT_ONE_BIT - PER_HALVING * log2(bits) + PER_BLOCKINESS * self.blockiness
        return round(round(min(max(wanted, 0.0), 1.0) / STEP) * STEP, 2)


def condition_of(info: MediaInfo) -> Condition | None:
    """Return how a film is compressed, from a sample of it; None if nothing can be read."""
    seen = sample_film(info)
    if seen is None:
        return None
    return Condition(
        codec=info.video.codec,
        bits_per_pixel=seen.bits_per_pixel,
        blockiness=fmean(blockiness(luma) for luma in seen.lumas),
    )


def condition_of_picture(path: Path, luma: NDArray[Any]) -> Condition | None:
    """Return how an image is compressed; None if it is not.

    Args:
        luma: (H, W) in 8-bit codes.
    """
    codec = LOSSY_PICTURES.get(path.suffix.lower())
    if codec is None:
        return None
    bits_per_pixel = 8 * path.stat().st_size / luma.size
    return Condition(codec=codec, bits_per_pixel=bits_per_pixel, blockiness=blockiness(luma))


def blend_of(
    spec: UpscaleSpec, scale: int, look: Callable[[], Condition | None]
) -> tuple[Blend, Condition | None]:
    """Return the blend to use, and what it was chosen by: None if the user chose it.

    Args:
        look: returns the source's condition; called only if it matters.
    """
    if spec.strength == "auto":
        flavours = flavours_of(spec.model, scale)
        if flavours is not None and flavours.video:
            condition = look()
            return spec.blend(condition.strength if condition else 0.0), condition
    return spec.blend(), None


def told(model: Model, condition: Condition | None) -> str:
    """Return a description of a model: name, scale, blend, and what ``auto`` chose it by."""
    if condition is None:
        return str(model)
    plain = "" if model.blend.strength else ", strength 0"
    return f"{model}{plain} (auto: {condition})"
