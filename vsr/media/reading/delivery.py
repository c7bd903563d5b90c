"""Decoded frames as host frames, all in the form of the first: its size, planes and colour."""

from __future__ import annotations

from av.video.frame import VideoFrame

from vsr.colour import UNSPECIFIED, Range
from vsr.frames import HostFrame, Layout, Plane
from vsr.media.frames.formats import Reading, reading_of
from vsr.media.frames.planes import Converter, FieldOrder, alpha_in, planes_in
from vsr.media.frames.tags import extras_of, matrix_of, side_data_of
from vsr.media.source.info import VideoInfo
from vsr.values import CropBox, Size

REORDERED = ("nv12", "p010le")
"""What a GPU's decoder returns."""


class Delivery:
    """Turn decoded frames into host frames of one size and layout."""

    def __init__(self, video: VideoInfo) -> None:
        self._video = video
        self._reading = video.reading
        wanted = self._reading.filtered_as or video.pix_fmt
        self._stored = video.decoded_size or video.size
        self._converter = Converter(self._stored, wanted, video.colour)
        self._fields = FieldOrder()

    def resizes(self, frame: VideoFrame) -> bool:
        """Return whether a frame is of another size than the first."""
        return Size(frame.width, frame.height) != self._stored

    def differs(self, frame: VideoFrame) -> bool:
        """Return whether size, pixel format, matrix or range differ from the first frame's.

        A tag that appears or goes missing is not a difference.
        """
        is_other_format = frame.format.name != self._video.pix_fmt and not self._reordered(frame)
        if self.resizes(frame) or is_other_format:
            return True
        if self._reading.is_from_rgb:
            return False
        colour = self._video.colour
        matrices = {matrix_of(frame), colour.matrix} - {UNSPECIFIED}
        ranges = {int(frame.color_range), int(colour.range)} - {int(Range.UNSPECIFIED)}
        return len(matrices) > 1 or len(ranges) > 1

    def deliver(self, frame: VideoFrame, pts: int) -> HostFrame:
        """Return a decoded frame as a host frame; its planes are views where possible.

        Raises:
            DecodingFailed: its format changes mid-stream to one that cannot be converted.
        """
        video = self._video
        is_interlaced = frame.interlaced_frame or video.is_interlaced_in_header
        is_top_first = video.is_top_field_first
        if frame.interlaced_frame:
            is_top_first = self._fields.is_top_first(frame)
        extras = extras_of(side_data_of(frame))
        reading = self._reordered(frame) or self._reading
        if self.differs(frame) or self._reading.filtered_as:
            frame, reading = self._converter.convert(frame), self._reading
        planes, alpha = planes_in(frame, reading), alpha_in(frame, reading)
        if video.crop is not None:
            planes, alpha = _cropped(planes, alpha, video.crop, video.layout)
        return HostFrame(
            planes=planes,
            alpha=alpha,
            pts=pts,
            layout=video.layout,
            colour=video.colour,
            is_interlaced=is_interlaced,
            is_top_field_first=is_top_first,
            extras=extras,
        )

    def _reordered(self, frame: VideoFrame) -> Reading | None:
        """Return how to read a frame that holds the same samples in another order, else None.

        A GPU's decoder returns NV12 where software returns planes.
        """
        if frame.format.name not in REORDERED or frame.format.name == self._video.pix_fmt:
            return None
        reading = reading_of(frame.format.name)
        return reading if reading is not None and reading.layout == self._reading.layout else None


def _cropped(
    planes: tuple[Plane, ...], alpha: Plane | None, crop: CropBox, layout: Layout
) -> tuple[tuple[Plane, ...], Plane | None]:
    """Return views of the part of each plane that is kept."""
    kept = []
    for index, (plane, (rows, columns)) in enumerate(zip(planes, layout.plane_shapes(crop.size))):
        is_chroma = index > 0
        y, x = crop.y >> layout.y_shift * is_chroma, crop.x >> layout.x_shift * is_chroma
        kept.append(plane[y : y + rows, x : x + columns])
    if alpha is not None:
        alpha = alpha[crop.y : crop.y + crop.size.height, crop.x : crop.x + crop.size.width]
    return tuple(kept), alpha
