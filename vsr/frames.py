"""A frame in host memory: planes, time and colour. numpy only; no av, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Colour
from vsr.errors import InvalidOption
from vsr.values import Size

Plane = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Layout:
    """The shape of planar YUV: bit depth and chroma subsampling.

    ``x_shift`` and ``y_shift`` are log2 of the subsampling: 4:2:0 is (1, 1), 4:2:2 is (1, 0),
    4:4:4 is (0, 0). A gray frame has no chroma planes and shifts of 0.
    """

    bits: int = 8
    x_shift: int = 1
    y_shift: int = 1
    is_gray: bool = False

    def __post_init__(self) -> None:
        if not 8 <= self.bits <= 16:
            raise InvalidOption(f"{self.bits} bits per sample are not supported (8 to 16 are).")

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 for 8 bits, else native uint16 with the code in the low bits."""
        return np.dtype(np.uint8 if self.bits == 8 else np.uint16)

    @property
    def subsampling(self) -> str:
        """The usual name: ``4:2:0``, ``4:2:2``, ``4:4:4`` or ``gray``."""
        if self.is_gray:
            return "gray"
        return {(1, 1): "4:2:0", (1, 0): "4:2:2", (0, 0): "4:4:4"}.get(
            (self.x_shift, self.y_shift), f"shift {self.x_shift}:{self.y_shift}"
        )

    def chroma_size(self, size: Size) -> Size:
        """Return the size of a chroma plane; an odd luma side rounds up."""
        return Size(-(-size.width >> self.x_shift), -(-size.height >> self.y_shift))

    def plane_shapes(self, size: Size) -> tuple[tuple[int, int], ...]:
        """Return (rows, columns) of each plane."""
        luma = (size.height, size.width)
        if self.is_gray:
            return (luma,)
        chroma = self.chroma_size(size)
        return (luma, (chroma.height, chroma.width), (chroma.height, chroma.width))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What travels with a frame and is no pixel.

    Attributes:
        captions: A/53 closed captions (cc_data), or None.
        is_context: it was read only to be looked at, beside the frames that are wanted.
    """

    captions: bytes | None = field(default=None, repr=False)
    is_context: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HostFrame:
    """One frame: Y, or Y, U and V, each (rows, columns), possibly strided views.

    Attributes:
        planes: uint8 for 8 bits, else uint16 with the code in the low bits.
        pts: presentation time in ticks of the stream's time base.
        colour: the tags as read.
        is_interlaced: the two fields were sampled at different times.
        is_top_field_first: which of them is the earlier one.
        extras: what else belongs to this frame.
        alpha: how opaque each pixel is, (rows, columns), straight and full range at the layout's
            depth; None if all are. Steps that change the size leave it to the last one.
    """

    planes: tuple[Plane, ...]
    pts: int
    layout: Layout = Layout()
    colour: Colour = Colour()
    is_interlaced: bool = False
    is_top_field_first: bool = True
    extras: Extras = Extras()  # frozen
    alpha: Plane | None = None

    def __post_init__(self) -> None:
        shapes = tuple(plane.shape for plane in self.planes)
        if shapes != self.layout.plane_shapes(self.size):
            raise ValueError(f"planes of shapes {shapes} are not {self.layout.subsampling}")

    @property
    def size(self) -> Size:
        """The luma plane's size."""
        rows, columns = self.planes[0].shape
        return Size(columns, rows)

    @property
    def resolved_colour(self) -> Colour:
        """What the maths uses: what is not tagged is guessed, by the size too."""
        return self.colour.resolved(self.size.width, self.size.height)

    def with_pixels(
        self, planes: tuple[Plane, ...], layout: Layout | None = None, colour: Colour | None = None
    ) -> HostFrame:
        """Return a progressive frame of other pixels, with the time and extras of this one.

        Args:
            layout: of the planes; None means that of this frame, as for ``colour``.
        """
        return replace(
            self,
            planes=planes,
            layout=layout or self.layout,
            colour=colour or self.colour,
            is_interlaced=False,
        )

    def as_context(self, *, is_context: bool = True) -> HostFrame:
        """Return the frame, marked as one that is only looked at, or as one that is wanted."""
        return replace(self, extras=replace(self.extras, is_context=is_context))

    def has_equal_planes(self, other: HostFrame) -> bool:
        """Return whether two frames have the same layout and equal planes, bit for bit."""
        return self.layout == other.layout and all(
            np.array_equal(a, b) for a, b in zip(self.planes, other.planes, strict=True)
        )
