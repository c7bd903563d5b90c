"""Decoded frames to numpy planes: views if the layout allows, else exact copies; their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from vsr.colour import Colour, Matrix, Range, Siting
from vsr.errors import DecodingFailed
from vsr.frames import Plane
from vsr.media.frames.formats import Reading, Samples
from vsr.values import Size

CAREFUL = "accurate_rnd+full_chroma_int+full_chroma_inp+bicubic"
"""swscale's accurate path; its default rounds coarsely and repeats chroma."""

SCALER_MATRICES = {
    int(Matrix.BT709): "bt709",
    int(Matrix.FCC): "fcc",
    int(Matrix.BT470BG): "bt470",
    int(Matrix.SMPTE170M): "smpte170m",
    int(Matrix.SMPTE240M): "smpte240m",
    int(Matrix.BT2020_NCL): "bt2020",
}
"""The scaler's own names for the matrices."""


def planes_in(frame: VideoFrame, reading: Reading) -> tuple[Plane, ...]:
    """Return the planes of a frame whose format ``reading`` describes (after its filter).

    The views keep the frame's memory alive and must not be written to.
    """
    shapes = reading.layout.plane_shapes(Size(frame.width, frame.height))
    planes = []
    for samples, shape in zip(reading.samples, shapes):
        view = _view(frame.planes[samples.plane], samples, shape, reading)
        planes.append(view if reading.is_view else _delivered(view, reading))
    return tuple(planes)


def alpha_in(frame: VideoFrame, reading: Reading) -> Plane | None:
    """Return the alpha of a frame whose format ``reading`` describes; None if it has none."""
    if reading.alpha is None:
        return None
    shape = (frame.height, frame.width)
    view = _view(frame.planes[reading.alpha.plane], reading.alpha, shape, reading)
    return view if reading.is_view else _delivered(view, reading)


def _view(
    plane: VideoPlane, samples: Samples, shape: tuple[int, int], reading: Reading
) -> NDArray[Any]:
    order = ">" if reading.is_big_endian else "<"
    dtype = np.dtype(np.uint8) if reading.layout.bits == 8 else np.dtype(f"{order}u2")
    rows, columns = shape
    pitch = abs(plane.line_size) // dtype.itemsize
    flat: NDArray[Any] = np.frombuffer(memoryview(plane), dtype)
    whole = flat[: rows * pitch].reshape(rows, pitch)
    if plane.line_size < 0:  # stored bottom-up; the buffer starts with the last row
        whole = whole[::-1]
    view: NDArray[Any] = whole[:, samples.first :: samples.step][:, :columns]
    return view


def _delivered(view: NDArray[Any], reading: Reading) -> Plane:
    """Copy samples into native order, with the code in the low bits."""
    codes = view.astype(reading.layout.dtype)
    codes >>= reading.unused_low_bits
    return codes


class Converter:
    """Convert frames to one size, pixel format and colour through a filter graph.

    A graph is kept as long as frames of one kind arrive.
    """

    def __init__(self, size: Size, pix_fmt: str, colour: Colour) -> None:
        self._size = size
        self._pix_fmt = pix_fmt
        self._colour = colour
        self._graph: Graph | None = None
        self._key: tuple[object, ...] = ()

    def convert(self, frame: VideoFrame) -> VideoFrame:
        """Return the converted frame.

        Raises:
            DecodingFailed: the scaler cannot read its format.
        """
        key = kind_of(frame)
        try:
            if self._graph is None or key != self._key:
                self._graph, self._key = self._build(frame), key
            self._graph.vpush(frame)
            converted = self._graph.vpull()
        except (av.FFmpegError, ValueError) as error:
            name = frame.format.name
            raise DecodingFailed(f"pixel format {name} cannot be converted ({error}).") from error
        assert isinstance(converted, VideoFrame)
        return converted

    def _build(self, frame: VideoFrame) -> Graph:
        options = [f"{self._size.width}:{self._size.height}", f"flags={CAREFUL}"]
        if self._colour.range is not Range.UNSPECIFIED:
            options.append(f"out_range={'full' if self._colour.range is Range.FULL else 'limited'}")
        if self._colour.matrix in SCALER_MATRICES:
            options.append(f"out_color_matrix={SCALER_MATRICES[self._colour.matrix]}")
        options += _chroma_places(self._colour.resolved(self._size.width, self._size.height).siting)
        graph = Graph()
        scale = graph.add("scale", ":".join(options))
        form = graph.add("format", self._pix_fmt)
        sink = graph.add("buffersink")
        graph.link_nodes(buffer_for(graph, frame), scale, form, sink).configure()
        return graph


def _chroma_places(siting: Siting) -> list[str]:
    """Return the scaler's options for chroma that lies on luma samples, before and after.

    It takes all other chroma for centred, of the first sample of four as of that of two.
    """
    right, down = siting.offset
    axes = [axis for axis, offset in (("h", right), ("v", down)) if offset == 0]
    return [f"{side}_{axis}_chr_pos=0" for axis in axes for side in ("in", "out")]


def kind_of(frame: VideoFrame) -> tuple[object, ...]:
    """Return what must not change while a filter graph is in use."""
    tags = int(frame.colorspace), int(frame.color_range)
    return frame.width, frame.height, frame.format.name, *tags


def buffer_for(graph: Graph, frame: VideoFrame) -> FilterContext:
    """Add the source of a graph that takes frames like this one."""
    return graph.add(
        "buffer",
        video_size=f"{frame.width}x{frame.height}",
        pix_fmt=frame.format.name,
        time_base="1/1",
        colorspace=str(int(frame.colorspace)),
        range=str(int(frame.color_range)),
    )


def video_frame_of(planes: Sequence[Plane], pix_fmt: str) -> VideoFrame:
    """Copy planes into a new frame for PyAV. Odd sizes are allowed."""
    rows, columns = planes[0].shape
    frame = VideoFrame(columns, rows, pix_fmt)
    for plane, values in zip(frame.planes, planes):
        pitch = plane.line_size // values.dtype.itemsize
        whole = np.frombuffer(memoryview(plane), values.dtype)[: plane.height * pitch]
        whole.reshape(plane.height, pitch)[:, : plane.width] = values
    return frame


class FieldOrder:
    """Read a frame's field order.

    av 18.1 does not expose that flag of a frame, but FFmpeg's ``select`` filter reads it: the
    frame passes if its top field is the earlier one.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._key: tuple[object, ...] = ()

    def is_top_first(self, frame: VideoFrame) -> bool:
        """Return whether the top field of an interlaced frame comes first."""
        key = kind_of(frame)
        if self._graph is None or key != self._key:
            self._graph, self._key = _top_first_only(frame), key
        self._graph.vpush(frame)
        try:
            self._graph.vpull()
        except (av.BlockingIOError, EOFError):
            return False
        return True


def _top_first_only(frame: VideoFrame) -> Graph:
    graph = Graph()
    select = graph.add("select", "eq(interlace_type,1)")
    sink = graph.add("buffersink")
    graph.link_nodes(buffer_for(graph, frame), select, sink).configure()
    return graph
