"""How a source is compressed, and what ``--strength auto`` and ``--sharpness auto`` make of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from numpy.typing import NDArray

from vsr.media.images.images import image_format
from vsr.media.reading.film_sample import FilmSample, sample_film
from vsr.media.reading.quantiser import quantiser_of_jpeg
from vsr.media.source.info import MediaInfo
from vsr.metrics.defects import blockiness, coarseness
from vsr.metrics.noise import noise_between
from vsr.values import Blend

LOSSLESS = frozenset(
    {
        "rawvideo", "ffv1", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "v210", "v410", "png",
        "apng", "qtrle", "prores", "dnxhd", "cfhd", "jpeg2000",
    }
)  # fmt: skip
"""Lossless and intermediate codecs: there is nothing to repair."""

WORTH = {"hevc": 1.5, "av1": 1.5, "mjpeg": 0.8, "webp": 1.2, "avif": 1.3}
"""How many bits of a key frame of H.264 one bit of what tells no quantiser equals, roughly: of
libx264, libx265, SVT-AV1 and Pillow at equal luma PSNR. Others count as H.264."""

LOSSY_PICTURES = {"JPEG": "mjpeg", "MPO": "mjpeg", "WEBP": "webp", "AVIF": "avif"}
"""Pillow's name of a format → what compressed it. Others are taken to be lossless."""

PER_QUANTISER, FINEST, PER_BLOCKINESS = 0.036, 11.1, 0.3
"""What a step of the quantiser beyond the finest adds to the strength, and what blocks do, as of a
film that was coded twice. Fitted to the best luma PSNR by ``tests/benchmarks/strength.py``: a film
loses 0.07 dB to its best strength so, with bits per pixel in the place of the quantiser 0.10."""

Kind = Literal["clean", "grainy", "compressed"]

COARSE = 22.5
"""From this quantiser on compression shows, in a quiet video of 360 lines."""

PER_NOISE, MOST_NOISE = 2.5, 4.0
"""What a code of noise is worth in quantisers, and how many count: noise that came through was not
quantised away."""

PER_OCTAVE, LINES = 4.0, 360
"""What it is worth to be twice as large: the same blocks are smaller where they are shown. These
serve one half of the films of ``tests/benchmarks/kinds.py`` best, of all weights that restore no
clean or grainy one; on the other half none is restored either, and 3 of 17 compressed ones stay."""

GRAINY = 2.2
"""Noise, as a deviation in 8-bit codes, from which on a video that is not compressed is called
grainy."""

FINER = {"av1": 5.0}
"""What is added to a quantiser that was found from the bits of key frames, by codec."""

CLEAR = 0.9
"""The sharpness for compressed sources. Others keep their texture, tone and grain: 0."""

PLAIN = 0.3
"""From this strength on its reason is told, whatever else the source is judged to be."""

STEP = 0.05
"""Strengths are multiples of it, so that a folder of similar films needs few networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How hard a film is compressed.

    Attributes:
        codec: FFmpeg's name.
        quantiser: how coarsely its frames are quantised, as H.264's QP; 0 for a lossless codec.
        blockiness: how much 8×8 blocks show, as `vsr.metrics.defects`.
        noise: the standard deviation of what changes between frames, in codes of 8 bits.
        lines: the shorter side of a frame.
    """

    codec: str
    quantiser: float
    blockiness: float
    noise: float = 0.0
    lines: int = LINES

    def __str__(self) -> str:
        return f"{self.kind}, quantiser {self.quantiser:.0f}, blockiness {self.blockiness:.2f}"

    @property
    def kind(self) -> Kind:
        """What a viewer would call such a film; in doubt not compressed."""
        noise, octaves = min(self.noise, MOST_NOISE), log2(LINES / self.lines)
        if self.quantiser - PER_NOISE * noise + PER_OCTAVE * octaves >= COARSE:
            return "compressed"
        return "grainy" if self.noise >= GRAINY else "clean"

    @property
    def in_words(self) -> str:
        """What chose the blend. A film not called compressed may be quantised, or have blocks."""
        if self.kind == "compressed":
            return "the source is compressed"
        is_grainy = self.kind == "grainy"
        if self.strength < PLAIN:
            return "the source is grainy" if is_grainy else "compression hardly shows"
        if self._for_blocks > self._for_quantiser:
            why = "blocks show, though it is finely coded"
            return "blocks show; the source is grainy" if is_grainy else why
        why = "coded with loss, though it hardly shows"
        return "coarsely coded; the source is grainy" if is_grainy else why

    @property
    def blend(self) -> Blend:
        """The blend that such a film needs."""
        sharpness = CLEAR if self.kind == "compressed" else 0.0
        return Blend(strength=self.strength, sharpness=sharpness)

    @property
    def strength(self) -> float:
        """The strength that such a film needs, 0 to 1: more for coarser ones, and for blocks."""
        if self.codec in LOSSLESS:
            return 0.0
        wanted = min(max(self._for_quantiser + self._for_blocks, 0.0), 1.0)
        return round(round(wanted / STEP) * STEP, 2)

    @property
    def _for_quantiser(self) -> float:
        return PER_QUANTISER * (self.quantiser - FINEST)

    @property
    def _for_blocks(self) -> float:
        return PER_BLOCKINESS * self.blockiness


def condition_of(info: MediaInfo) -> Condition | None:
    """Return how a film is compressed, from a sample of it; None if nothing can be read."""
    return condition_in(info, sample_film(info))


def condition_in(info: MediaInfo, seen: FilmSample | None) -> Condition | None:
    """Return the same, from a sample that was taken."""
    if seen is None:
        return None
    codec, noise = info.video.codec, noise_between(seen.pairs)
    return Condition(
        codec=codec,
        quantiser=0.0 if codec in LOSSLESS else _quantiser(seen, codec),
        blockiness=fmean(blockiness(luma) for luma in seen.lumas),
        noise=noise.deviation if noise is not None else 0.0,
        lines=min(info.video.size.width, info.video.size.height),
    )


def _quantiser(seen: FilmSample, codec: str) -> float:
    """Return what decoder or file tells, or else what the bits of the key frames do."""
    if seen.quantiser is not None:
        return seen.quantiser
    worth = WORTH.get(codec, 1.0)
    keys = zip(seen.runs, seen.key_bits, strict=True)
    found = fmean(coarseness(run[0], bits * worth) for run, bits in keys)
    return found + FINER.get(codec, 0.0)


def condition_of_picture(path: Path, luma: NDArray[Any]) -> Condition | None:
    """Return how an image is compressed; None if it is not.

    Args:
        luma: (H, W) in 8-bit codes.
    """
    codec = LOSSY_PICTURES.get(image_format(path))  # a name may say otherwise
    if codec is None:
        return None
    told = quantiser_of_jpeg(path) if codec == "mjpeg" else None
    bits_per_pixel = 8 * path.stat().st_size / luma.size
    return Condition(
        codec=codec,
        quantiser=coarseness(luma, bits_per_pixel * WORTH[codec]) if told is None else told,
        blockiness=blockiness(luma),
        lines=min(luma.shape),
    )
