"""HDR metadata: the mastering display and the content light level, as exact numbers.

Source: SMPTE ST 2086, CTA-861.3; the byte layout is that of FFmpeg's libavutil
(``AVMasteringDisplayMetadata``, ``AVContentLightMetadata``).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from av.sidedata.sidedata import Type

MASTERING = struct.Struct("=20i2I")
LIGHT = struct.Struct("=2I")
Point = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class MasteringDisplay:
    """The display on which the film was graded: CIE 1931 xy and candela per square metre."""

    red: Point
    green: Point
    blue: Point
    white: Point
    min_luminance: Fraction
    max_luminance: Fraction

    @classmethod
    def from_bytes(cls, data: bytes) -> MasteringDisplay | None:
        """Read FFmpeg's side data; None if it is incomplete."""
        if len(data) < MASTERING.size:
            return None
        *numbers, has_primaries, has_luminance = MASTERING.unpack_from(data)
        denominators = numbers[1::2]
        if not (has_primaries and has_luminance) or 0 in denominators:
            return None
        values = [Fraction(n, d) for n, d in zip(numbers[::2], denominators)]
        points = [(values[i], values[i + 1]) for i in range(0, 8, 2)]
        red, green, blue, white = points
        return cls(
            red=red,
            green=green,
            blue=blue,
            white=white,
            min_luminance=values[8],
            max_luminance=values[9],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLight:
    """The brightest pixel and the brightest frame's average, in candela per square metre."""

    max_content: int
    max_frame_average: int

    @classmethod
    def from_bytes(cls, data: bytes) -> ContentLight | None:
        """Read FFmpeg's side data; None if it is incomplete."""
        if len(data) < LIGHT.size:
            return None
        max_content, max_frame_average = LIGHT.unpack_from(data)
        return cls(max_content=max_content, max_frame_average=max_frame_average)


@dataclass(frozen=True, slots=True, kw_only=True)
class HdrMetadata:
    """What HDR10 says about the whole film; at least one part is present."""

    mastering: MasteringDisplay | None = None
    light: ContentLight | None = None


def hdr_of(side_data: Mapping[Type, bytes]) -> HdrMetadata | None:
    """Return the HDR10 metadata, or None if there is none."""
    mastering = MasteringDisplay.from_bytes(side_data.get(Type.MASTERING_DISPLAY_METADATA, b""))
    light = ContentLight.from_bytes(side_data.get(Type.CONTENT_LIGHT_LEVEL, b""))
    return HdrMetadata(mastering=mastering, light=light) if mastering or light else None
