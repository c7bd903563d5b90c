"""Codes of low-resolution cells ↔ planes, in the memory order that is fast."""

from __future__ import annotations

import torch
from torch import Tensor

WIDE = {2: torch.int16, 4: torch.int32, 8: torch.int64}
"""The integer type of this many bytes."""


def one_channel(plane: Tensor) -> Tensor:
    """Return a plane (H, W) as float32 (1, 1, H, W) that torch takes for channels_last.

    One channel fits both layouts; without these strides the convolutions would run in the other.
    """
    height, width = plane.shape
    return (
        plane.float().contiguous().as_strided((1, 1, height, width), (height * width, 1, width, 1))
    )


def shuffled(cells: Tensor) -> Tensor:
    """Return codes (H, W, rows, columns) as a plane (H · rows, W · columns)."""
    height, width, rows, columns = cells.shape
    wide = WIDE.get(columns * cells.element_size())
    ratio = columns
    is_aligned = cells.stride(3) == 1 and all(
        step % ratio == 0 for step in (*cells.stride()[:3], cells.storage_offset())
    )
    if wide is not None and is_aligned:
        # a row of a cell moves as one number: several times faster than byte by byte
        plane = cells.new_empty(height * rows, width * columns)
        by_row = plane.view(wide).view(height, rows, width)
        by_row.copy_(cells.view(wide)[..., 0].transpose(1, 2))
        return plane
    return cells.permute(0, 2, 1, 3).reshape(height * rows, width * columns)
