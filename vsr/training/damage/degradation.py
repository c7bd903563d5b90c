"""High resolution → what is left of it after a camera and a codec: the ``video`` degradations.

A patch is taken as a short clip (`camera`) and loses what a degradation takes: noise, sometimes a
JPEG's damage, and a real codec; ``video-clear`` takes more (`wear`), ``video-tape`` what an
analogue tape does (`tape`). A share of the patches stays clean, so that a network learns to leave
alone what is good. Everything is drawn from the patch's number: the same patch gives the same
answer in any order, and the strengths differ in how far, not in what is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vsr.media.clips.roundtrip import Roundtrip
from vsr.training.damage.camera import Camera, margin
from vsr.training.damage.tape import Tape
from vsr.training.damage.wear import (
    PRESETS,
    Wear,
    codes,
    mpeg,
    through_codec,
    through_jpeg,
    within,
    x264,
    x265,
)
from vsr.training.pictures import Pixels

Bounds = tuple[float, float]

CLEAN_SHARE = 1 / 3
"""The share of patches that stay as the standard protocol makes them."""

NOISE_SHARE = 0.6
JPEG_SHARE = 0.15
KEY_SHARE = 0.25
"""The share of clips whose next frame is coded by itself, so that the picture jumps a little."""


class Degradation(Protocol):
    """Loses something of a clip."""

    @property
    def clean_share(self) -> float:
        """Of the patches, which are spared."""
        ...

    def worn(self, clip: NDArray[np.float32], number: int, shown: int) -> list[Pixels]:
        """Return frames (n, n, 3), uint8, of a clip (FRAMES, n, n, 3), unrounded codes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """How much is lost. Spans are (least, most).

    Attributes:
        crf: of x264 and x265.
        qscale: of MPEG-4 part 2.
        noise: deviation of a sensor's noise, 8-bit codes.
        jpeg: quality of a JPEG before the codec, best first.
    """

    crf: Bounds
    qscale: Bounds
    noise: Bounds
    jpeg: Bounds
    clean_share: float = CLEAN_SHARE

    def worn(self, clip: NDArray[np.float32], number: int, shown: int) -> list[Pixels]:
        """Lose what noise, JPEG and a codec lose."""
        rng = np.random.default_rng((number, 1))
        has_noise, has_jpeg, has_key = rng.random(3) < (NOISE_SHARE, JPEG_SHARE, KEY_SHARE)
        noise = within(self.noise, rng.random() ** 2)  # most sensors are good
        quality = round(within(self.jpeg, rng.random()))
        codec = self._codec(rng)
        if has_noise:
            clip = clip + noise * rng.standard_normal(clip.shape, dtype=np.float32)
        frames = list(codes(clip))
        if has_jpeg:
            frames = [through_jpeg(frame, quality) for frame in frames]
        return through_codec(frames, codec, key=shown + 1 if has_key else 0)

    def _codec(self, rng: np.random.Generator) -> Roundtrip:
        kind, amount = rng.random(2)
        preset = PRESETS[int(rng.integers(len(PRESETS)))]
        crf = within(self.crf, amount)
        if kind < 0.65:
            return x264(crf, preset)
        if kind < 0.85:
            return x265(crf)
        return mpeg("mpeg4", round(within(self.qscale, amount)), int(rng.integers(0, 3)))


STRENGTHS: Mapping[str, Strength] = {
    "video-light": Strength(crf=(17, 25), qscale=(2, 4), noise=(0, 3), jpeg=(95, 80)),
    "video-medium": Strength(crf=(22, 31), qscale=(3, 8), noise=(0, 5), jpeg=(95, 70)),
    "video-strong": Strength(crf=(27, 39), qscale=(6, 16), noise=(0, 8), jpeg=(90, 60)),
}
"""The degradations that differ in strength alone, by name."""

DEGRADATIONS: Mapping[str, Degradation] = {**STRENGTHS, "video-clear": Wear(), "video-tape": Tape()}
"""Every degradation that is a video's, by name."""


@dataclass(frozen=True, slots=True)
class Degraded:
    """A patch as it was received, and as it was in the next frame.

    ``low`` and ``after`` are (p, p, 3), uint8; ``move`` is (down, right): by so many pixels of the
    picture the window of ``after`` lies further than that of ``low``.
    """

    low: Pixels
    after: Pixels
    move: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A patch and the picture that it is cut from.

    Attributes:
        picture: (H, W, 3), uint8.
        corner: (y, x) of the patch.
        side: of the patch, a multiple of every scale.
        number: of the patch; all chance comes from it.
    """

    picture: Pixels
    corner: tuple[int, int]
    side: int
    number: int


@dataclass(frozen=True, slots=True)
class Shot:
    """One patch as a clip, before anything is lost.

    Attributes:
        number: of the patch.
        clip: (FRAMES, n, n, 3), 8-bit codes, unrounded; the patch with its `margin` around.
        side: of the patch in low resolution.
    """

    number: int
    camera: Camera
    clip: NDArray[np.float32]
    side: int
    is_clean: bool

    @classmethod
    def of(cls, piece: Piece, scale: int, clean_share: float = CLEAN_SHARE) -> Shot:
        """Take the clip of a patch at a scale."""
        rng = np.random.default_rng((piece.number, 0))
        is_clean = rng.random() < clean_share
        camera = Camera.drawn(rng)
        if is_clean:
            camera = replace(camera, kernel="bicubic", softness=0.0, zoom=0.0)
        clip = camera.clip(piece.picture, piece.corner, piece.side, scale)
        return cls(piece.number, camera, clip, piece.side // scale, is_clean)

    def degraded(self, degradation: Degradation) -> Degraded:
        """Return the patch and its successor as they come out of a codec."""
        shown = self.camera.shown
        pair = slice(shown, shown + 2)
        if self.is_clean:
            frames = list(codes(self.clip[pair]))
        else:
            frames = degradation.worn(self.clip, self.number, shown)[pair]
        edge = margin(self.side)
        inner = slice(edge, edge + self.side)
        low, after = (np.array(frame[inner, inner]) for frame in frames)
        return Degraded(low, after, self.camera.velocity)
