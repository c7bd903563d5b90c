"""Colour as pure numbers: matrices, ranges, chroma siting, and the curves of networks that restore.

Media reads and writes these values as tags, devices compute with them, metrics and training take
their luma from them. Nothing here knows of frames, tensors or files.

A tone leads a film's luma to one that looks like SDR, and back: networks that restore learned from
8-bit SDR what an edge and a block look like. HLG is made to be seen on SDR screens, and deeper SDR
is SDR; PQ, whose shadows are stretched and whose highlights are compressed, is bent. All curves
lead from [0, 1] onto [0, 1], so that nothing can be clipped.

Sources: ITU-T H.273 (code points, clause 8.3 equations 38-47, table 3), ITU-R BT.601-7, BT.709-6,
BT.2020-2, BT.2100-2 (PQ, HLG), BT.2408-7 (203 cd/m² is diffuse white: 58 % of PQ, 75 % of HLG).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vsr.errors import InvalidOption

UNSPECIFIED = 2
"""The code point of H.273 for "unspecified", the same for primaries, transfer and matrix."""

HD_HEIGHT = 720
HD_WIDTH = 1280


class Range(IntEnum):
    """How codes map to amplitudes (numbered as FFmpeg's ``AVColorRange``)."""

    UNSPECIFIED = 0
    LIMITED = 1
    FULL = 2


class Siting(IntEnum):
    """Where a chroma sample is sited among its luma samples (numbered as ``AVChromaLocation``)."""

    UNSPECIFIED = 0
    LEFT = 1
    CENTER = 2
    TOP_LEFT = 3
    TOP = 4
    BOTTOM_LEFT = 5
    BOTTOM = 6

    @property
    def offset(self) -> tuple[float, float]:
        """(right, down) of the first luma sample, in luma pixels, for 2x2 subsampling."""
        right = 0.0 if self in (Siting.LEFT, Siting.TOP_LEFT, Siting.BOTTOM_LEFT) else 0.5
        if self in (Siting.TOP_LEFT, Siting.TOP):
            return right, 0.0
        return right, 1.0 if self in (Siting.BOTTOM_LEFT, Siting.BOTTOM) else 0.5


class Matrix(IntEnum):
    """Matrix coefficients of H.273 table 4 that vsr computes with."""

    RGB = 0
    BT709 = 1
    UNSPECIFIED = 2
    FCC = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    BT2020_NCL = 9


LUMA_WEIGHTS: dict[int, tuple[float, float]] = {
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.FCC: (0.30, 0.11),
    Matrix.BT470BG: (0.299, 0.114),
    Matrix.SMPTE170M: (0.299, 0.114),
    Matrix.SMPTE240M: (0.212, 0.087),
    Matrix.BT2020_NCL: (0.2627, 0.0593),
}
"""(Kr, Kb) of each matrix: H.273 table 4."""

PQ, HLG = 16, 18
"""Transfer characteristics of HDR. Source: H.273 table 3."""

Row = tuple[float, float, float]
Matrix3 = tuple[Row, Row, Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """The colour tags of a stream, as read; unspecified stays unspecified."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    range: Range = Range.UNSPECIFIED
    siting: Siting = Siting.UNSPECIFIED

    @property
    def is_hdr(self) -> bool:
        """Whether the codes are PQ's or HLG's: further apart than those of SDR."""
        return self.transfer in (PQ, HLG)

    def completed_by(self, other: Colour) -> Colour:
        """Return the tags with other ones where primaries, transfer or matrix are unspecified."""
        names = ("primaries", "transfer", "matrix")
        unknown = [name for name in names if getattr(self, name) == UNSPECIFIED]
        return replace(self, **{name: getattr(other, name) for name in unknown})

    def resolved(self, width: int, height: int) -> Colour:
        """Return the tags with what the maths needs filled in.

        An unspecified matrix is BT.709 from 720 rows or 1280 columns up, else BT.601 (SMPTE 170M);
        an unspecified range is limited; an unspecified siting is top-left for BT.2020 and left for
        all else. Primaries and transfer take no part in the maths and stay as they are.
        """
        matrix = self.matrix if self.matrix != UNSPECIFIED else guessed_matrix(width, height)
        siting = self.siting
        if siting is Siting.UNSPECIFIED:
            siting = Siting.TOP_LEFT if matrix == Matrix.BT2020_NCL else Siting.LEFT
        color_range = self.range if self.range is not Range.UNSPECIFIED else Range.LIMITED
        return replace(self, matrix=matrix, range=color_range, siting=siting)


def guessed_matrix(width: int, height: int) -> Matrix:
    """Return the matrix that players assume for an untagged frame of this size."""
    is_hd = height >= HD_HEIGHT or width >= HD_WIDTH
    return Matrix.BT709 if is_hd else Matrix.SMPTE170M


def luma_weights(matrix: int) -> Row:
    """Return (Kr, Kg, Kb), which sum to 1.

    Raises:
        InvalidOption: a matrix without constant luma weights (RGB, YCgCo, ICtCp, ...).
    """
    if matrix not in LUMA_WEIGHTS:
        raise InvalidOption(f"colour matrix {matrix} of H.273 is not supported.")
    kr, kb = LUMA_WEIGHTS[matrix]
    return kr, 1.0 - kr - kb, kb


def yuv_from_rgb(matrix: int) -> Matrix3:
    """Return the matrix from R'G'B' in [0, 1] to Y in [0, 1], Cb and Cr in [-0.5, 0.5].

    Source: H.273 equations 38-40.
    """
    kr, kg, kb = luma_weights(matrix)
    cb, cr = 2.0 * (1.0 - kb), 2.0 * (1.0 - kr)
    return (
        (kr, kg, kb),
        (-kr / cb, -kg / cb, (1.0 - kb) / cb),
        ((1.0 - kr) / cr, -kg / cr, -kb / cr),
    )


def rgb_from_yuv(matrix: int) -> Matrix3:
    """Return the inverse of `yuv_from_rgb`."""
    kr, kg, kb = luma_weights(matrix)
    cb, cr = 2.0 * (1.0 - kb), 2.0 * (1.0 - kr)
    return (
        (1.0, 0.0, cr),
        (1.0, -cb * kb / kg, -cr * kr / kg),
        (1.0, cb, 0.0),
    )


@dataclass(frozen=True, slots=True)
class Codes:
    """How integer codes and amplitudes map: ``code = offset + scale * amplitude``.

    Luma amplitudes are in [0, 1], chroma amplitudes in [-0.5, 0.5].
    Source: H.273 equations 26-28 (limited) and 32-34 (full).
    """

    luma_offset: float
    luma_scale: float
    chroma_offset: float
    chroma_scale: float
    peak: int

    @classmethod
    def of(cls, bits: int, color_range: Range) -> Codes:
        """Return the mapping for a bit depth and a resolved range."""
        unit, peak = 1 << (bits - 8), (1 << bits) - 1
        middle = float(128 * unit)
        if color_range is Range.FULL:
            return cls(0.0, float(peak), middle, float(peak), peak)
        return cls(16.0 * unit, 219.0 * unit, middle, 224.0 * unit, peak)


Tone = Literal["luma", "pq"]
"""How a restoring network sees a film: its luma as it is, or through the curve for PQ."""

SDR_LIKE = frozenset({1, 2, 4, 5, 6, 7, 11, 12, 13, 14, 15, HLG})
"""Transfer characteristics that look like SDR, the unspecified one among them."""

SLOPES = ((0.0, 0.56), (0.30, 1.40), (0.55, 1.40), (0.75, 0.75), (1.0, 0.37))
"""The curve for PQ by its slope, linear between these: from dark to diffuse white about the
contrast of SDR's gamma. No slope is under a third: errors of a network grow on the way back."""

STEPS = 4096
"""Entries of the tables of a tone curve; the slope hardly changes from one to the next."""

Floats = NDArray[np.float64]


def tone_of(bits: int, transfer: int) -> Tone | None:
    """Return how a restoring network sees a film on luma; None for all planes, as SDR of 8 bits.

    Raises:
        ValueError: the transfer is linear or logarithmic: there is no curve for it.
    """
    if transfer == PQ:
        return "pq"
    if transfer not in SDR_LIKE:
        raise ValueError(f"transfer characteristic {transfer}")
    return "luma" if bits > 8 or transfer == HLG else None


def towards_sdr(amplitude: NDArray[Any], tone: Tone) -> Floats:
    """Return luma as the network sees it, strictly rising, onto [0, 1]; straight on beyond it."""
    values = np.asarray(amplitude, np.float64)
    return values if tone == "luma" else _led_on(values, *_table())


def from_sdr(amplitude: NDArray[Any], tone: Tone) -> Floats:
    """Return the inverse of `towards_sdr`."""
    values = np.asarray(amplitude, np.float64)
    return values if tone == "luma" else _led_on(values, *reversed(_table()))


def _table() -> tuple[Floats, Floats]:
    """Return (from, to): the integral of the slopes, normalised."""
    steps = np.linspace(0.0, 1.0, STEPS + 1)
    slopes = np.interp(steps, *np.array(SLOPES).T)
    values = np.concatenate(([0.0], np.cumsum((slopes[1:] + slopes[:-1]) / 2)))
    return steps, values / values[-1]


def _led_on(values: Floats, before: Floats, after: Floats) -> Floats:
    """Interpolate, and go on with the last slopes beyond both ends."""
    first = (after[1] - after[0]) / (before[1] - before[0])
    last = (after[-1] - after[-2]) / (before[-1] - before[-2])
    inside: Floats = np.asarray(np.interp(values, before, after), np.float64)
    beyond: Floats = np.minimum(values, 0) * first + np.maximum(values - 1, 0) * last
    return inside + beyond
