"""What an analogue tape leaves of a film: the ``video-tape`` damage.

VHS and Video8 hold luma to some 3 MHz, of the 6.75 MHz that 720 samples across could, and colour to
some 0.5 MHz, which arrives late and noisy; a recorder sharpens along lines what is left. Fields are
interpolated where the tape was deinterlaced, and a codec follows. All of it happens along lines
more than across them. How far each goes was drawn up for this, not measured on tapes.

Source: IEC 60774-1, for VHS's bandwidths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Matrix, luma_weights
from vsr.kernels import Array
from vsr.media.clips.roundtrip import Roundtrip
from vsr.training.damage.camera import FRAMES, gaussian
from vsr.training.damage.wear import (
    Bounds,
    Clip,
    codes,
    deinterlaced,
    filtered,
    mpeg,
    through_codec,
    within,
    x264,
)
from vsr.training.pictures import Pixels

LUMA = np.array(luma_weights(Matrix.SMPTE170M), np.float32)

MPEG_SHARE = 0.6
"""The share of clips coded by MPEG-2 (a disc recorder) or MPEG-4; x264 codes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """How far it goes: spans are (least, most), of lengths in samples, of noise in 8-bit codes.

    Attributes:
        clean_share: of clips to which nothing at all happens.
        blur: deviation of luma's, along lines.
        across: the same, from line to line.
        smear: deviation of colour's blur along lines; ``bleed`` across them.
        delay: by how much colour lies further to the right.
        sharpening: amount of an unsharp mask along lines.
        noise: deviation of luma's; ``streaks`` of whole lines'; ``specks`` of colour's.
        field_share: of clips of which every frame shows one field, in turn.
        crf: of x264.
        qscale: of the older codecs.
    """

    clean_share: float = 0.15
    blur: Bounds = (0.2, 1.7)
    across: Bounds = (0.0, 0.7)
    smear: Bounds = (0.7, 6.0)
    bleed: Bounds = (0.3, 1.6)
    delay: Bounds = (-1.0, 3.0)
    sharpening: Bounds = (0.0, 1.6)
    noise: Bounds = (0.3, 7.0)
    streaks: Bounds = (0.0, 1.5)
    specks: Bounds = (0.3, 8.0)
    field_share: float = 0.4
    crf: Bounds = (14, 29)
    qscale: Bounds = (2, 7)

    def worn(self, clip: Clip, number: int, shown: int) -> list[Pixels]:
        """Return the frames (n, n, 3), uint8, that are digitised of a clip (FRAMES, n, n, 3).

        Args:
            number: of the patch; all chance comes from it.
            shown: not used: the tape knows no frames that are shown.
        """
        rng = np.random.default_rng((number, 3))
        luma = clip @ LUMA
        played = self._luma(luma, rng)[..., None] + self._colour(clip - luma[..., None], rng)
        if rng.random() < self.field_share:
            first = int(rng.integers(2))
            played = deinterlaced(played, [(frame + first) % 2 for frame in range(FRAMES)])
        return through_codec(list(codes(played)), self._codec(rng), key=0)

    def _luma(self, luma: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return luma (FRAMES, n, n) as it is played."""
        side = luma.shape[1]
        planes = filtered(
            luma[..., None],
            gaussian(side, within(self.across, rng.random())),
            gaussian(side, within(self.blur, rng.random())),
        )
        planes += within(self.noise, rng.random() ** 2) * _noise(luma.shape, rng.uniform(0, 1), rng)
        lines = rng.standard_normal((*luma.shape[:2], 1, 1), dtype=np.float32)
        planes += within(self.streaks, rng.random() ** 2) * lines
        soft, still = gaussian(side, rng.uniform(1.0, 2.5)), np.eye(side)
        amount = within(self.sharpening, rng.random() ** 2)
        sharp: NDArray[np.float32] = planes + amount * (planes - filtered(planes, still, soft))
        return sharp[..., 0]

    def _colour(self, colour: Clip, rng: np.random.Generator) -> Clip:
        """Return what R'G'B' have beyond luma (FRAMES, n, n, 3) as it is played."""
        side = colour.shape[1]
        smear = gaussian(side, within(self.smear, rng.random()))
        moved = _moved(side, within(self.delay, rng.random()))
        played = filtered(colour, gaussian(side, within(self.bleed, rng.random())), moved @ smear)
        amount = within(self.specks, rng.random() ** 2)
        for _ in range(2):  # two directions of colour
            noise = _noise(colour.shape[:3], rng.uniform(1.0, 3.5), rng)
            towards = rng.standard_normal(3).astype(np.float32)
            towards -= towards @ LUMA
            played = played + amount * noise * towards / np.linalg.norm(towards)
        return played

    def _codec(self, rng: np.random.Generator) -> Roundtrip:
        kind, amount = rng.random(2)
        if kind < MPEG_SHARE:
            name = "mpeg2video" if kind < MPEG_SHARE / 2 else "mpeg4"
            return mpeg(name, round(within(self.qscale, amount)), int(rng.integers(0, 3)))
        return x264(within(self.crf, amount), "medium")


def _noise(shape: Sequence[int], deviation: float, rng: np.random.Generator) -> Clip:
    """Return noise (FRAMES, n, n, 1) of deviation 1, blurred along lines."""
    noise = rng.standard_normal((*shape, 1), dtype=np.float32)
    side = shape[1]
    noise = filtered(noise, np.eye(side), gaussian(side, deviation))
    noise /= noise.std()
    return noise


def _moved(side: int, distance: float) -> Array:
    """Return the (side, side) matrix that moves samples to the right, linear between two."""
    places = np.clip(np.arange(side) - distance, 0, side - 1)
    before = np.floor(places).astype(int)
    matrix = np.zeros((side, side))
    rows = np.arange(side)
    matrix[rows, before] += 1 - (places - before)
    matrix[rows, np.minimum(before + 1, side - 1)] += places - before
    return matrix
