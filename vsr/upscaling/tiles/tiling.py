"""Cut a frame into windows that together give exactly what the whole would give.

A window is a core and a halo around it as wide as the network's receptive-field radius. At the
frame's edge the window ends where the frame ends, so the network pads there as it would for
the whole. All windows have one shape (those at an edge are shifted inwards, never shrunk): one
kernel, one CUDA graph, and equal input gives equal output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from vsr.errors import Failed
from vsr.values import Size

MIN_CORE = 16
"""The smallest core side worth a halo, in low-resolution pixels."""


@dataclass(frozen=True, slots=True)
class TileSpan:
    """One axis of a window: the core [core, core_end) inside the input [first, end)."""

    core: int
    core_end: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """What one tile reads and what it is responsible for, in low-resolution pixels."""

    rows: TileSpan
    columns: TileSpan

    def read(self, picture: Tensor) -> Tensor:
        """Return the input of this tile: a view of (N, C, H, W)."""
        return picture[:, :, self.rows.first : self.rows.end, self.columns.first : self.columns.end]

    def write(self, target: Tensor, output: Tensor, scale: int) -> None:
        """Copy the core of this tile's output into the whole output."""
        rows, columns = self.rows, self.columns
        target[
            :,
            :,
            rows.core * scale : rows.core_end * scale,
            columns.core * scale : columns.core_end * scale,
        ] = output[
            :,
            :,
            (rows.core - rows.first) * scale : (rows.core_end - rows.first) * scale,
            (columns.core - columns.first) * scale : (columns.core_end - columns.first) * scale,
        ]


def windows(size: Size, core: Size, halo: int, multiple: int = 1) -> tuple[Window, ...]:
    """Cover ``size`` with cores of at most ``core``, row by row, each pixel once.

    Args:
        multiple: all windows begin on multiples of it; cores and halos are widened to multiples.
    """
    rows = _spans(size.height, core.height, halo, multiple)
    columns = _spans(size.width, core.width, halo, multiple)
    return tuple(Window(row, column) for row in rows for column in columns)


def _spans(length: int, core: int, halo: int, multiple: int) -> list[TileSpan]:
    core, halo = (-(-side // multiple) * multiple for side in (core, halo))
    reach = min(length, core + 2 * halo)
    reach += (length - reach) % multiple  # so that the last window begins on a multiple too
    spans = []
    for start in range(0, length, core):
        first = min(max(0, start - halo), length - reach)
        spans.append(TileSpan(start, min(start + core, length), first, first + reach))
    return spans


def run_tiled(
    net: Callable[[Tensor], Tensor], picture: Tensor, tiles: Iterable[Window], scale: int
) -> Tensor:
    """Return ``net`` of the frame (N, C, H, W), tile by tile: (N, C', scale·H, scale·W).

    The output's memory format is that of the tiles' outputs.
    """
    whole: Tensor | None = None
    for tile in tiles:
        output = net(tile.read(picture))
        if whole is None:
            whole = _like(output, picture, scale)
        tile.write(whole, output, scale)
    if whole is None:
        raise ValueError("no tiles")
    return whole


def run_blended(
    net: Callable[[Tensor], Tensor], picture: Tensor, tiles: Iterable[Window], scale: int
) -> Tensor:
    """Return ``net`` of the frame (N, C, H, W), its tiles laid over each other by ramps.

    For networks that see the whole frame, of which no tile is exact. Where tiles overlap, the share
    of each falls in a straight line to almost nothing at its edge; the shares add up to 1.
    """
    size = picture.shape[2:]
    whole: Tensor | None = None
    for tile in tiles:
        output = net(tile.read(picture)).float()
        if whole is None:
            count, channels = output.shape[:2]
            whole = output.new_zeros(count, channels, size[0] * scale, size[1] * scale)
            shares = output.new_zeros(size[0] * scale, size[1] * scale)
        share = _share(tile.rows, size[0], scale)[:, None] * _share(tile.columns, size[1], scale)
        share = share.to(output.device)
        rows, columns = (
            slice(span.first * scale, span.end * scale) for span in (tile.rows, tile.columns)
        )
        whole[:, :, rows, columns] += output * share
        shares[rows, columns] += share
    if whole is None:
        raise ValueError("no tiles")
    return whole / shares


def _share(span: TileSpan, length: int, scale: int) -> Tensor:
    """Return the share of a tile along one axis, one value for each row or column of its output."""
    size = (span.end - span.first) * scale
    place = torch.arange(size, dtype=torch.float32) + 0.5
    share = torch.ones(size)
    if span.first > 0:
        share = torch.minimum(share, place / (2 * scale * max(1, span.core - span.first)))
    if span.end < length:
        share = torch.minimum(share, place.flip(0) / (2 * scale * max(1, span.end - span.core_end)))
    return share


def _like(output: Tensor, picture: Tensor, scale: int) -> Tensor:
    count, _, height, width = picture.shape
    nhwc = output.is_contiguous(memory_format=torch.channels_last)
    return torch.empty(
        (count, output.shape[1], height * scale, width * scale),
        dtype=output.dtype,
        device=output.device,
        memory_format=torch.channels_last if nhwc else torch.contiguous_format,
    )


def core_that_fits(size: Size, halo: int, bytes_per_pixel: float, budget: int) -> Size:
    """Return the largest core whose window stays within ``budget`` bytes.

    The whole frame if it fits, else strips of full width (least halo), else squares.

    Args:
        bytes_per_pixel: peak memory of the network for each low-resolution pixel of a window.

    Raises:
        Failed: not even the smallest tile fits.
    """
    pixels = int(budget / bytes_per_pixel)
    if size.pixels <= pixels:
        return size
    rows = pixels // size.width - 2 * halo
    # a strip lower than its halo computes more margin than frame; then squares waste less
    if rows >= max(MIN_CORE, 2 * halo):
        return Size(size.width, balanced(size.height, rows))
    side = min(isqrt(pixels), max(size.width, size.height)) - 2 * halo
    if side < MIN_CORE:
        needed = (MIN_CORE + 2 * halo) ** 2 * bytes_per_pixel / 2**20
        raise Failed(
            f"{budget / 2**20:.0f} MB of memory are free and the smallest tile needs "
            f"{needed:.0f} MB. Free memory or choose a smaller model."
        )
    return Size(balanced(size.width, side), balanced(size.height, side))


def smaller(core: Size) -> Size | None:
    """Return a core of about half the pixels, or None when it is the smallest already."""
    if core.width >= core.height:
        half = Size(-(-core.width // 2), core.height)
    else:
        half = Size(core.width, -(-core.height // 2))
    return half if min(half.width, half.height) >= MIN_CORE else None


def balanced(length: int, core: int) -> int:
    """Return the core that needs no more tiles than ``core`` and makes them about equal."""
    count = -(-length // min(core, length))
    return -(-length // count)
