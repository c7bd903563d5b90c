"""The bar code that carries the index of every generated picture.

A grid of 8 columns and 4 rows: the low byte, its complement, the high byte, its complement. A bit
is read by comparing two cells, so that lossy coding, another range or depth, and upscaling do not
hide it.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vsr.frames import HostFrame, Layout
from vsr.media.frames.formats import layout_of
from vsr.values import Size

DARK, BRIGHT = 40, 200  # 8-bit codes, inside limited range
COLUMNS, ROWS = 8, 4
SMALL = Size(96, 64)


def picture(index: int, size: Size, layout: Layout = Layout()) -> tuple[NDArray[Any], ...]:
    """Return the planes of a picture with its bar code; chroma drifts slowly with the index."""
    unit = 1 << (layout.bits - 8)
    bits = np.array([(index >> bit) & 1 for bit in range(16)], dtype=bool).reshape(2, COLUMNS)
    cells = np.stack([bits[0], ~bits[0], bits[1], ~bits[1]])
    rows = np.arange(size.height) * ROWS // size.height
    columns = np.arange(size.width) * COLUMNS // size.width
    luma = np.where(cells[rows][:, columns], BRIGHT, DARK) * unit
    planes = [luma.astype(layout.dtype)]
    for shape, code in zip(layout.plane_shapes(size)[1:], (100 + index % 40, 160 - index % 40)):
        planes.append(np.full(shape, code * unit, layout.dtype))
    return tuple(planes)


def host_frame(index: int, size: Size = SMALL, layout: Layout = Layout()) -> HostFrame:
    """Return a bar-coded frame as a reader would deliver it, its index as its pts."""
    return HostFrame(planes=picture(index, size, layout), pts=index, layout=layout)


def index_of(luma: NDArray[Any]) -> int:
    """Read the bar code of a luma plane of any size and depth."""
    height, width = luma.shape
    cells = np.empty((ROWS, COLUMNS))
    for row in range(ROWS):
        for column in range(COLUMNS):
            top, bottom = _inner(row, ROWS, height)
            left, right = _inner(column, COLUMNS, width)
            cells[row, column] = luma[top:bottom, left:right].mean()
    bits = np.concatenate([cells[0] > cells[1], cells[2] > cells[3]])
    return int(sum(1 << bit for bit, value in enumerate(bits) if value))


def indices_in(path: Path | str, stream: int = 0) -> list[int]:
    """Decode a whole file directly and return the bar codes in the order shown."""
    with av.open(str(path)) as container:
        return [index_of(_luma(frame)) for frame in container.decode(video=stream)]


def pts_in(path: Path | str, stream: int = 0) -> list[int | None]:
    """Decode a whole file directly and return the pts in the order shown, in its time base."""
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=stream)]


def times_in(path: Path | str, stream: int = 0) -> list[Fraction]:
    """Decode a whole file directly and return the times in seconds, exact."""
    with av.open(str(path)) as container:
        return [frame.pts * Fraction(frame.time_base) for frame in container.decode(video=stream)]


def _inner(cell: int, cells: int, length: int) -> tuple[int, int]:
    """Return the middle half of a cell, which its neighbours do not affect."""
    first, last = cell * length / cells, (cell + 1) * length / cells
    quarter = (last - first) / 4
    return round(first + quarter), max(round(first + quarter) + 1, round(last - quarter))


def _luma(frame: av.VideoFrame) -> NDArray[Any]:
    layout = layout_of(frame.format.name)
    if layout is None:
        frame = frame.reformat(format="gray")
        layout = Layout(8, 0, 0, is_gray=True)
    return plane_view(frame.planes[0], layout)


def plane_view(plane: Any, layout: Layout) -> NDArray[Any]:
    """Return a writable view of a plane of a picture in memory."""
    pitch = plane.line_size // layout.dtype.itemsize
    rows = np.frombuffer(plane, layout.dtype)[: plane.height * pitch].reshape(plane.height, pitch)
    return rows[:, : plane.width]


def av_frame(index: int, size: Size, pix_fmt: str) -> av.VideoFrame:
    """Return a bar-coded picture of any pixel format that swscale can write."""
    layout = layout_of(pix_fmt)
    if layout is None:
        return av_frame(index, size, "yuv444p").reformat(format=pix_fmt)
    frame = av.VideoFrame(size.width, size.height, pix_fmt)
    for plane, values in zip(frame.planes, picture(index, size, layout)):
        plane_view(plane, layout)[:] = values
    return frame
