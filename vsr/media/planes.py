"""Decoded pictures to numpy planes: views where the samples lie right, else one exact copy."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from vsr.colour import Range
from vsr.frames import Plane
from vsr.media.formats import Reading, Samples
from vsr.specs import Size

CAREFUL = "accurate_rnd+full_chroma_int+full_chroma_inp+bicubic"
"""swscale's careful path; its default rounds coarsely and repeats chroma."""


def planes_of(frame: VideoFrame, reading: Reading, color_range: Range) -> tuple[Plane, ...]:
    """Return the planes of a picture whose format ``reading`` describes (after its filter).

    The views keep the picture's memory alive and must not be written to.
    """
    shapes = reading.layout.plane_shapes(Size(frame.width, frame.height))
    planes = []
    for samples, shape in zip(reading.samples, shapes):
        view = _view(frame.planes[samples.plane], samples, shape, reading)
        planes.append(view if reading.is_view else _delivered(view, reading, color_range))
    return tuple(planes)


def _view(
    plane: VideoPlane, samples: Samples, shape: tuple[int, int], reading: Reading
) -> NDArray[Any]:
    order = ">" if reading.is_big_endian else "<"
    dtype = np.dtype(np.uint8) if reading.bits == 8 else np.dtype(f"{order}u2")
    rows, columns = shape
    pitch = abs(plane.line_size) // dtype.itemsize
    whole = np.frombuffer(plane, dtype=dtype)[: rows * pitch].reshape(rows, pitch)
    if plane.line_size < 0:  # stored bottom-up; the buffer starts with the last row
        whole = whole[::-1]
    return whole[:, samples.first :: samples.step][:, :columns]


def _delivered(view: NDArray[Any], reading: Reading, color_range: Range) -> Plane:
    """Copy samples into native order and the delivered depth, rounded to the nearest code."""
    codes = view.astype(reading.layout.dtype if reading.bits == 8 else np.uint16)
    if reading.unused_low_bits:
        codes >>= reading.unused_low_bits
    if reading.bits == reading.layout.bits:
        return codes
    return depth_table(reading.bits, reading.layout.bits, color_range)[codes]


def depth_table(source: int, target: int, color_range: Range) -> NDArray[np.uint16]:
    """Return the code of ``target`` bits for each code of ``source`` bits.

    Limited range scales by a power of two, full range by the ratio of the peaks (H.273, 8.3).
    """
    codes = np.arange(1 << source, dtype=np.float64)
    peak = (1 << target) - 1
    ratio = peak / ((1 << source) - 1) if color_range is Range.FULL else 2.0 ** (target - source)
    return np.minimum(np.floor(codes * ratio + 0.5), peak).astype(np.uint16)


class Converter:
    """Convert pictures to one size and pixel format through a filter graph.

    A graph is kept as long as pictures of one size and format arrive.
    """

    def __init__(self, size: Size, pix_fmt: str, *, is_from_rgb: bool = False) -> None:
        self._size = size
        self._pix_fmt = pix_fmt
        self._matrix = ":out_color_matrix=bt709:out_range=limited" if is_from_rgb else ""
        self._graph: Graph | None = None
        self._key: tuple[object, ...] = ()

    def convert(self, frame: VideoFrame) -> VideoFrame:
        """Return the picture in the size and format of this converter."""
        key = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range)
        if self._graph is None or key != self._key:
            self._graph, self._key = self._build(frame), key
        self._graph.vpush(frame)
        converted = self._graph.vpull()
        assert isinstance(converted, VideoFrame)
        return converted

    def _build(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        size = f"{self._size.width}:{self._size.height}"
        source = graph.add(
            "buffer",
            video_size=f"{frame.width}x{frame.height}",
            pix_fmt=frame.format.name,
            time_base="1/1",
            colorspace=str(int(frame.colorspace)),
            range=str(int(frame.color_range)),
        )
        scale = graph.add("scale", f"{size}:flags={CAREFUL}{self._matrix}")
        form = graph.add("format", self._pix_fmt)
        graph.link_nodes(source, scale, form, graph.add("buffersink")).configure()
        return graph


def takes_pix_fmt(pix_fmt: str) -> bool:
    """Return whether the scaler can read a format."""
    try:
        Converter(Size(16, 16), "yuv420p").convert(av.VideoFrame(16, 16, pix_fmt))
    except (av.FFmpegError, ValueError):
        return False
    return True
