"""Where the samples of a decoded frame are, and how to get them as planes."""

from __future__ import annotations

from dataclasses import dataclass

from vsr.frames import Layout


@dataclass(frozen=True, slots=True)
class Samples:
    """Where one component's samples are: plane, first sample and step, in samples of a row."""

    plane: int
    first: int = 0
    step: int = 1


PLANES = (Samples(0), Samples(1), Samples(2))
"""One component per plane, samples adjacent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How frames of one pixel format become planes.

    Attributes:
        layout: what is delivered.
        samples: where the components are, after the filter if there is one.
        unused_low_bits: zero bits below the code (P010 keeps it in the high bits).
        is_big_endian: of samples of two bytes.
        filtered_as: the format that a filter graph must first convert to, if any.
        is_from_rgb: that filter applies a colour matrix (BT.709, limited range).
        is_lossy: more than the arrangement changes: alpha, low bits or RGB itself are lost.
        conversion: a remark for the user, if anything changes.
    """

    layout: Layout
    samples: tuple[Samples, ...]
    unused_low_bits: int = 0
    is_big_endian: bool = False
    filtered_as: str | None = None
    is_from_rgb: bool = False
    is_lossy: bool = False
    conversion: str | None = None

    @property
    def is_view(self) -> bool:
        """Whether the stored samples are delivered without a copy."""
        return self.unused_low_bits == 0 and not self.is_big_endian and self.filtered_as is None
