"""How the two views of a stereoscopic film lie in one picture, and who tells it to a 3D screen.

The views stay where they are, and are enlarged together. Matroska tells how they lie in a field of
its own, H.264 in a message (frame packing arrangement).

Source: FFmpeg, libavutil/stereo3d.h (``AVStereo3D``); RFC 9559, 5.1.4.1.28.3 (StereoMode);
ITU-T H.264, D.2.26.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from av.sidedata.sidedata import Type

FIELDS = struct.Struct("=2i")
"""The kind of packing, and flags."""

IS_INVERTED = 1
"""The flag by which the right view comes first."""

FLAT = 0
"""The kind of a film that has one view, as 360° video tells of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """One way to pack two views.

    Attributes:
        left_first: Matroska's mode, in FFmpeg's words; None if it has none.
        right_first: likewise, where the right view comes first.
        in_h264: frame_packing_arrangement_type; None if there is none.
    """

    left_first: str | None
    right_first: str | None
    in_h264: int | None


PACKINGS = MappingProxyType({
    1: Packing(left_first="left_right", right_first="right_left", in_h264=3),
    2: Packing(left_first="top_bottom", right_first="bottom_top", in_h264=4),
    3: Packing(left_first="block_lr", right_first="block_rl", in_h264=5),
    4: Packing(left_first="checkerboard_lr", right_first="checkerboard_rl", in_h264=0),
    6: Packing(left_first="row_interleaved_lr", right_first="row_interleaved_rl", in_h264=2),
    7: Packing(left_first="col_interleaved_lr", right_first="col_interleaved_rl", in_h264=1),
})  # fmt: skip
"""By FFmpeg's number of the kind."""

IN_WEBM = frozenset({"left_right", "right_left", "top_bottom", "bottom_top"})
"""Source: WebM container guidelines, StereoMode."""


@dataclass(frozen=True, slots=True)
class Stereo:
    """How the views of a film are packed; ``kind`` is FFmpeg's number of it."""

    kind: int
    is_right_first: bool = False

    def mode_in(self, container: str) -> str | None:
        """Return the mode that Matroska or WebM can hold, by FFmpeg's name of the muxer."""
        packing = PACKINGS.get(self.kind)
        if packing is None or container not in ("matroska", "webm"):
            return None
        mode = packing.right_first if self.is_right_first else packing.left_first
        return mode if container == "matroska" or mode in IN_WEBM else None

    @property
    def in_h264(self) -> int | None:
        """The type that x264 writes; it has none where the right view comes first."""
        packing = PACKINGS.get(self.kind)
        return None if packing is None or self.is_right_first else packing.in_h264


def stereo_of(side_data: Mapping[Type, bytes]) -> Stereo | None:
    """Return how two views are packed; None if there is only one."""
    data = side_data.get(Type.STEREO3D, b"")
    if len(data) < FIELDS.size:
        return None
    kind, flags = FIELDS.unpack_from(data)
    return None if kind == FLAT else Stereo(kind, bool(flags & IS_INVERTED))
