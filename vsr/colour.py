"""Colour as pure numbers: matrices, ranges and chroma siting.

Media reads and writes these values as tags, devices compute with them, metrics and training take
their luma from them. Nothing here knows of frames, tensors or files.

Sources: ITU-T H.273 (code points, clause 8.3 equations 38-47), ITU-R BT.601-7, BT.709-6, BT.2020-2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

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
