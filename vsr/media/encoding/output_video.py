"""The upscaled video, described: everything a file says about it except how it is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vsr.colour import Colour
from vsr.media.frames.hdr import HdrMetadata
from vsr.specs import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputVideo:
    """What the upscaled video is.

    Attributes:
        size: in pixels.
        time_base: of every pts; the source's own, so that times are exact.
        frame_rate: for rate control and as a hint in the file, or None if unknown.
        colour: the tags to write; unspecified ones stay unspecified.
        sar: the sample aspect ratio.
        display_matrix: nine integers in FFmpeg's layout, or None.
        hdr: mastering display and light level, or None.
    """

    size: Size
    time_base: Fraction
    frame_rate: Fraction | None = None
    colour: Colour = Colour()
    sar: Fraction = Fraction(1)
    display_matrix: tuple[int, ...] | None = None
    hdr: HdrMetadata | None = None
