"""Transparency: what lies under it before the network, and how it is enlarged.

A network sees the colour of pixels that nobody sees: often black, which would shine through at the
edges as a dark halo. They get the colour of the nearest pixel that is visible. Alpha is enlarged
apart from the colours, by Lanczos: a network would invent edges in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Codes
from vsr.frames import HostFrame, Plane
from vsr.values import Size

Places = NDArray[np.int32]

REACH = 16
"""Pixels around what is visible in which the nearest colour is found exactly: no kernel of a tap
beyond that touches a visible pixel much. Farther away it is the nearest one of the column, or row.
"""


def filled(frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
    """Yield frames whose hidden pixels have the colour of the nearest visible ones."""
    for frame in frames:
        yield frame if frame.alpha is None else with_hidden_filled(frame)


def divided(frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
    """Yield frames whose colours were multiplied by alpha as straight ones."""
    for frame in frames:
        yield frame if frame.alpha is None else with_straight_colours(frame)


def with_straight_colours(frame: HostFrame) -> HostFrame:
    """Return a frame with its colours divided by alpha; what is hidden stays as it is.

    As multiplying was linear, so is this, in Y'CbCr as in R'G'B'.
    """
    assert frame.alpha is not None
    codes = Codes.of(frame.layout.bits, frame.resolved_colour.range)
    share = frame.alpha.astype(np.float32) / codes.peak
    planes: list[Plane] = []
    for index, plane in enumerate(frame.planes):
        zero = codes.chroma_offset if index else codes.luma_offset
        rows, columns = (-(-a // b) for a, b in zip(share.shape, plane.shape))
        here = share[::rows, ::columns]
        straight = zero + (plane - np.float32(zero)) / np.where(here > 0, here, 1)
        planes.append(np.clip(np.rint(straight), 0, codes.peak).astype(frame.layout.dtype))
    return replace(frame, planes=tuple(planes))


def enlarged_alpha(
    size: Size, bits: int, output_bits: int
) -> Callable[[Iterator[HostFrame]], Iterator[HostFrame]]:
    """Return the step that gives finished frames alpha of their own size and depth."""

    def enlarged(frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
        before: tuple[Plane, Plane] | None = None
        for frame in frames:
            if frame.alpha is None:
                yield frame
                continue
            if before is None or not np.array_equal(before[0], frame.alpha):
                before = frame.alpha, enlarged_plane(frame.alpha, size, bits, output_bits)
            yield replace(frame, alpha=before[1])

    return enlarged


def enlarged_plane(alpha: Plane, size: Size, bits: int, output_bits: int) -> Plane:
    """Return alpha at another size, by Lanczos, and at another depth."""
    from PIL import Image

    whole = Image.fromarray(np.ascontiguousarray(alpha, dtype=np.float32))
    fitted = np.asarray(whole.resize((size.width, size.height), Image.Resampling.LANCZOS))
    peak, output_peak = (1 << bits) - 1, (1 << output_bits) - 1
    codes = np.clip(np.rint(fitted * (output_peak / peak)), 0, output_peak)
    return codes.astype(np.uint8) if output_bits == 8 else codes.astype(np.uint16)


def with_hidden_filled(frame: HostFrame) -> HostFrame:
    """Return a frame with the colour of the nearest visible pixel under each hidden one."""
    assert frame.alpha is not None
    visible = frame.alpha > 0
    if visible.all() or not visible.any():
        return frame
    planes: list[Plane] = []
    places: dict[tuple[int, ...], tuple[Places, Places]] = {}
    for plane in frame.planes:
        if plane.shape not in places:
            places[plane.shape] = nearest(_seen_by(visible, plane.shape))
        planes.append(plane[places[plane.shape]])
    return replace(frame, planes=tuple(planes))


def _seen_by(visible: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which samples of a plane belong to a visible pixel; chroma covers several."""
    rows, columns = -(-visible.shape[0] // shape[0]), -(-visible.shape[1] // shape[1])
    padded = np.zeros((shape[0] * rows, shape[1] * columns), bool)
    padded[: visible.shape[0], : visible.shape[1]] = visible
    return np.asarray(padded.reshape(shape[0], rows, shape[1], columns).any(axis=(1, 3)))


def nearest(visible: NDArray[np.bool_]) -> tuple[Places, Places]:
    """Return the row and column of the visible sample nearest to each, itself if it is visible.

    Shape: (rows, columns) each. Exact up to a distance of `REACH`.
    Source: Felzenszwalb and Huttenlocher 2012, section 2.1: columns first, then along rows.
    """
    rows, columns = visible.shape
    row_of = _nearest_in_columns(visible)
    far, every = np.int32(rows + columns), np.arange(columns, dtype=np.int32)
    apart = np.where(row_of < 0, far, np.abs(row_of - np.arange(rows, dtype=np.int32)[:, None]))
    best, column_of = apart**2, np.tile(every, (rows, 1))
    reach = min(REACH, columns - 1)
    for shift in (*range(1, reach + 1), *range(-reach, 0)):
        here, there = _ends(columns, shift)
        cost = apart[:, there] ** 2 + np.int32(shift * shift)
        is_nearer = cost < best[:, here]
        np.copyto(best[:, here], cost, where=is_nearer)
        np.copyto(column_of[:, here], every[there], where=is_nearer)
    row = np.take_along_axis(row_of, column_of, axis=1)
    lost = row < 0  # no visible sample in any column nearby: that of the nearest column
    if lost.any():
        has_any = np.flatnonzero(visible.any(axis=0)).astype(np.int32)
        column = has_any[np.abs(has_any[None] - every[:, None]).argmin(axis=1)]
        column_of = np.where(lost, column[None], column_of)
        row = np.take_along_axis(row_of, column_of, axis=1)
    return row, column_of


def _ends(columns: int, shift: int) -> tuple[slice, slice]:
    """Return the columns that have one ``shift`` to the right of them, and those."""
    if shift > 0:
        return slice(0, columns - shift), slice(shift, columns)
    return slice(-shift, columns), slice(0, columns + shift)


def _nearest_in_columns(visible: NDArray[np.bool_]) -> Places:
    """Return the row of the nearest visible sample in each column, -1 where there is none."""
    rows = np.int32(visible.shape[0])
    index = np.arange(rows, dtype=np.int32)[:, None]
    above = np.maximum.accumulate(np.where(visible, index, np.int32(-1)), axis=0)
    below = np.minimum.accumulate(np.where(visible, index, rows)[::-1], axis=0)[::-1]
    is_above = (above >= 0) & ((below >= rows) | (index - above <= below - index))
    return np.where(is_above, above, np.where(below < rows, below, np.int32(-1)))
