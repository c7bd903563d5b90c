"""How a source is compressed, and what ``--strength auto`` and ``--sharpness auto`` make of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from numpy.typing import NDArray

from vsr.blend import Blend
from vsr.media.reading.film_sample import FilmSample, sample_film
from vsr.media.source.info import MediaInfo
from vsr.metrics.blockiness import blockiness

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

Kind = Literal["clean", "grainy", "compressed"]

COMPRESSED = 0.4
"""From this strength on a source is called compressed."""

CLEAR = 0.75
"""The sharpness for compressed sources. Others keep their texture, tone and grain: 0."""

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
        measured = f"{self.bits_per_pixel:.3f} bits per pixel, blockiness {self.blockiness:.2f}"
        return f"{self.kind}, {measured}"

    @property
    def kind(self) -> Kind:
        """What a viewer would call such a film."""
        return "compressed" if self.strength >= COMPRESSED else "clean"

    @property
    def blend(self) -> Blend:
        """The blend that such a film needs."""
        sharpness = CLEAR if self.kind == "compressed" else 0.0
        return Blend(strength=self.strength, sharpness=sharpness)

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
    return condition_in(info, sample_film(info))


def condition_in(info: MediaInfo, seen: FilmSample | None) -> Condition | None:
    """Return the same, from a sample that was taken."""
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
