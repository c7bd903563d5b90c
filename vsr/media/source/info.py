"""Frozen descriptions of a media file and its streams, from headers and first decoded frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from vsr.colour import Colour
from vsr.frames import Layout
from vsr.media.clock import Timing
from vsr.media.frames.formats import Reading, reading_of
from vsr.media.frames.hdr import HdrMetadata
from vsr.media.frames.spherical import Spherical
from vsr.media.frames.stereo import Stereo
from vsr.values import CropBox, Size

ROLES = ("dub", "original", "comment", "forced", "hearing_impaired", "visual_impaired")
"""Flags of a stream by which players and people choose among several."""

Kind = Literal["video", "audio", "subtitle", "attachment", "data"]


PREMULTIPLIED = frozenset({"exr"})
"""Codecs whose colours are multiplied by alpha. Source: OpenEXR, technical introduction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """The video stream that is upscaled.

    Attributes:
        pix_fmt: as decoded.
        layout: as the reader delivers it.
        colour: the tags of the first frame, else of the container; unspecified stays unspecified.
        sar: the sample aspect ratio, width over height.
        coded_sar: as the frames themselves say; None if they do not.
        start_pts: the first frame's time in ticks of ``time_base``.
        timing: where the times of the frames come from.
        implausible_rate: of the header, if no camera is so fast; ``frame_rate`` is None then.
        is_interlaced: at least one of the first frames is, or the header says so.
        display_matrix: nine numbers as in the mov header, None if upright.
        stereo: how the views of a 3D film are packed; None if it has one.
        spherical: the projection of a 360° video; None if it is flat.
        crop: what is kept of each frame, whose size is then ``size``; None for all of it.
        header_crop: what players show of each frame, as the header asks; None for all of it.
        decoded_size: of the frames as they are stored.
        is_transparent: alpha of the first frames is not all opaque.
        unsupported: names of side data that cannot be carried.
        conversion: what the reader must change, None if nothing.
        timecode: of the first frame, as the stream's tag has it.
        made_by: the program that encoded it, as it says itself.
    """

    index: int
    codec: str
    size: Size
    pix_fmt: str
    layout: Layout
    colour: Colour
    time_base: Fraction
    sar: Fraction = Fraction(1)
    coded_sar: Fraction | None = None
    start_pts: int | None = None
    timing: Timing = Timing.GIVEN
    frame_rate: Fraction | None = None
    implausible_rate: Fraction | None = None
    duration_seconds: float | None = None
    frames_in_header: int | None = None
    is_interlaced: bool = False
    is_interlaced_in_header: bool = False
    is_top_field_first: bool = True
    display_matrix: tuple[int, ...] | None = None
    hdr: HdrMetadata | None = None
    stereo: Stereo | None = None
    spherical: Spherical | None = None
    bit_rate: int | None = None
    has_captions: bool = False
    is_transparent: bool = False
    crop: CropBox | None = None
    header_crop: CropBox | None = None
    decoded_size: Size | None = None
    unsupported: tuple[str, ...] = ()
    conversion: str | None = None
    title: str | None = None
    language: str | None = None
    timecode: str | None = None
    made_by: str | None = None

    @property
    def is_cut(self) -> bool:
        """Whether only a part of each frame is read."""
        return self.decoded_size is not None and self.decoded_size != self.size

    @property
    def is_quarter_turned(self) -> bool:
        """Whether players rotate the stored frame by 90° or 270°.

        Source: ISO/IEC 14496-12, 6.2.2: the matrix {a, b, u, c, d, v, x, y, w}.
        """
        matrix = self.display_matrix
        return matrix is not None and matrix[0] == 0 and matrix[4] == 0

    @property
    def resolved_colour(self) -> Colour:
        """The colour that the maths uses: what is not tagged is guessed, by the size too."""
        return self.colour.resolved(self.size.width, self.size.height)

    @property
    def is_premultiplied(self) -> bool:
        """Whether the colours are multiplied by alpha."""
        return self.codec in PREMULTIPLIED

    @property
    def has_alpha(self) -> bool:
        """Whether frames say how opaque each pixel is."""
        return self.reading.alpha is not None

    @property
    def reading(self) -> Reading:
        """How decoded frames become planes."""
        reading = reading_of(self.pix_fmt)
        assert reading is not None  # refused when it was probed
        return reading


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """A stream other than the video; its index is that of the container.

    Attributes:
        roles: what it is for, as FFmpeg's names of flags (`ROLES`).
    """

    index: int
    kind: Kind
    codec: str
    language: str | None = None
    title: str | None = None
    is_cover_art: bool = False
    is_default: bool = False
    is_forced: bool = False
    roles: tuple[str, ...] = ()
    time_base: Fraction | None = None
    duration_seconds: float | None = None
    bit_rate: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """A media file.

    Attributes:
        chapters: (start, end) of each, in seconds of the file's clock.
        untold_chapters: how many more there are, which FFmpeg does not read.
        is_ordered: its chapters say in which order it is played, and from which files.
        missing_bytes: how much shorter it is than its own header says; 0 if unknown.
    """

    path: Path
    format_name: str
    duration_seconds: float | None
    video: VideoInfo
    others: tuple[StreamInfo, ...] = ()
    chapters: tuple[tuple[Fraction, Fraction], ...] = ()
    untold_chapters: int = 0
    is_ordered: bool = False
    missing_bytes: int = 0
    metadata: Mapping[str, str]
