"""Onto what the pictures of a 360° video are to be projected, so that players turn in them.

Source: FFmpeg, libavutil/spherical.h (``AVSphericalMapping``).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

from av.sidedata.sidedata import Type

from vsr.media.clock import rounded

FIELDS = struct.Struct("=4i5I")

EQUIRECTANGULAR, CUBEMAP, EQUIRECTANGULAR_TILE = 0, 1, 2
"""FFmpeg's numbers of the projections that Matroska and mp4 have."""

RECTILINEAR = 4
"""FFmpeg's number of what an ordinary lens projects onto a flat picture: iPhones tell of it."""

NAMES = MappingProxyType({3: "180°", 5: "fisheye"})
"""What others are called than 360°, by FFmpeg's number. No container of ours tells them."""

MODELS = frozenset({EQUIRECTANGULAR, CUBEMAP, EQUIRECTANGULAR_TILE})

HELD = {
    "mp4": MODELS,
    "matroska": MODELS,
    "webm": MODELS,
    "mov": frozenset({EQUIRECTANGULAR}),
}
"""What containers can tell, by FFmpeg's name of the muxer."""

UNPOSED = frozenset({"mov"})
"""Containers that do not tell where to look first."""


@dataclass(frozen=True, slots=True)
class Spherical:
    """The projection of a 360° video.

    Attributes:
        projection: FFmpeg's number of it.
        pose: where one looks first: yaw, pitch and roll in degrees, as 16.16 fixed point.
        bounds: what is cut from the whole sphere at the left, the top, the right and the bottom, as
            32-bit fractions.
        padding: the pixels around each face of a cube.
    """

    projection: int
    pose: tuple[int, int, int] = (0, 0, 0)
    bounds: tuple[int, int, int, int] = (0, 0, 0, 0)
    padding: int = 0

    @property
    def name(self) -> str:
        """What people call a video of it."""
        return NAMES.get(self.projection, "360°")

    @property
    def can_be_kept(self) -> bool:
        """Whether there is a container that tells it."""
        return self.projection in MODELS

    def enlarged(self, factor: Fraction) -> Spherical:
        """Return the projection of an enlarged picture."""
        return replace(self, padding=rounded(self.padding * factor))

    def held_in(self, container: str) -> Spherical | None:
        """Return what a container can tell, by FFmpeg's name of the muxer; None for nothing."""
        if self.projection not in HELD.get(container, ()):
            return None
        return replace(self, pose=(0, 0, 0)) if container in UNPOSED else self


def spherical_of(side_data: Mapping[Type, bytes]) -> Spherical | None:
    """Return the projection of a frame; None if it is flat."""
    data = side_data.get(Type.SPHERICAL, b"")
    if len(data) < FIELDS.size:
        return None
    projection, yaw, pitch, roll, *bounds, padding = FIELDS.unpack_from(data)
    left, top, right, bottom = bounds
    if projection == RECTILINEAR:
        return None
    return Spherical(projection, (yaw, pitch, roll), (left, top, right, bottom), padding)
