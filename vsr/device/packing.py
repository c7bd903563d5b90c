"""All planes of a picture in one block of bytes: one copy across the bus instead of three."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.frames import Layout
from vsr.specs import Size

ALIGNMENT = 256
"""Where each plane begins, in bytes: what CUDA's own allocator keeps to."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Where the planes of a layout lie in a block."""

    layout: Layout
    shapes: tuple[tuple[int, int], ...]
    offsets: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, layout: Layout, size: Size) -> Packing:
        """Return the packing of a picture."""
        shapes = layout.plane_shapes(size)
        offsets, end = [], 0
        for shape in shapes:
            offsets.append(end)
            taken = prod(shape) * layout.dtype.itemsize
            end += -(-taken // ALIGNMENT) * ALIGNMENT
        return cls(layout, shapes, tuple(offsets), end)

    def arrays(self, block: NDArray[np.uint8]) -> tuple[NDArray[Any], ...]:
        """Return the planes of a host block, as views."""
        return tuple(
            block[at : at + prod(shape) * self.layout.dtype.itemsize]
            .view(self.layout.dtype)
            .reshape(shape)
            for at, shape in zip(self.offsets, self.shapes, strict=True)
        )

    def tensors(self, block: Tensor) -> tuple[Tensor, ...]:
        """Return the planes of a device block, as views."""
        dtype = torch.uint8 if self.layout.bits == 8 else torch.uint16
        return tuple(
            block[at : at + prod(shape) * self.layout.dtype.itemsize].view(dtype).view(shape)
            for at, shape in zip(self.offsets, self.shapes, strict=True)
        )
