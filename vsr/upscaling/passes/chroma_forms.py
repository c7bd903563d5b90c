"""Chroma subsampling as linear forms of one cell's subpixels, which fold into a convolution.

A network of scale s makes s subpixels along an axis of each low-resolution cell. A chroma sample is
an average of subpixels; where it sits between two cells (left siting: [1 2 1]/4 around subpixel 0)
the part of the neighbouring cell is a form of that cell, carried over: ``carry``. Beyond the edge
the outermost subpixel is held: ``edge``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vsr.errors import InvalidOption


@dataclass(frozen=True, slots=True)
class AxisForms:
    """One axis: ``samples`` chroma samples in each cell.

    Attributes:
        rows: the forms (count, scale): first the samples, then carry and edge where there are any.
        samples: how many of them are samples.
        step: 1 where the first sample needs the cell before, -1 where the last needs the cell
            after, 0 where none does.
    """

    rows: tuple[tuple[float, ...], ...]
    samples: int
    step: int

    @classmethod
    def of(cls, scale: int, subsampling: int, offset: float) -> AxisForms:
        """Return the forms for a siting.

        Args:
            subsampling: 1 or 2 subpixels for each sample.
            offset: of the first sample from the first subpixel: 0, 0.5 or 1.

        Raises:
            InvalidOption: cells of an odd scale cannot be halved.
        """
        if subsampling == 1:
            return cls(tuple(_row(scale, {i: 1.0}) for i in range(scale)), scale, 0)
        if scale % 2:
            raise InvalidOption(f"a cell of {scale} subpixels cannot be halved.")
        firsts = range(0, scale, 2)
        if offset == 0.5:
            rows = tuple(_row(scale, {i: 0.5, i + 1: 0.5}) for i in firsts)
            return cls(rows, scale // 2, 0)
        middle = int(offset)
        rows = tuple(
            _row(scale, {i + middle - 1: 0.25, i + middle: 0.5, i + middle + 1: 0.25})
            for i in firsts
        )
        inner, outer = (scale - 1, 0) if middle == 0 else (0, scale - 1)
        carried = (_row(scale, {inner: 0.25}), _row(scale, {outer: 0.25}))
        return cls(rows + carried, scale // 2, 1 if middle == 0 else -1)

    @property
    def count(self) -> int:
        """How many forms there are."""
        return len(self.rows)

    def matrix(self) -> Tensor:
        """Return the forms as (count, scale), float64."""
        return torch.tensor(self.rows, dtype=torch.float64)

    def combine(self, values: Tensor, form_dim: int, cell_dim: int) -> Tensor:
        """Return the samples from the values of all forms, adding what neighbours carry.

        Changes ``values`` in place where something is carried.
        """
        samples = values.narrow(form_dim, 0, self.samples)
        if not self.step:
            return samples
        cells = values.shape[cell_dim]
        changed = samples.select(form_dim, 0 if self.step > 0 else self.samples - 1)
        carry = values.select(form_dim, self.samples)
        edge = values.select(form_dim, self.samples + 1)
        cell = cell_dim if cell_dim < form_dim else cell_dim - 1
        to, at = (1, 0) if self.step > 0 else (0, cells - 1)
        changed.narrow(cell, to, cells - 1).add_(carry.narrow(cell, 1 - to, cells - 1))
        changed.narrow(cell, at, 1).add_(edge.narrow(cell, at, 1))
        return samples


def _row(scale: int, weights: dict[int, float]) -> tuple[float, ...]:
    """Return a form; subpixels outside of the cell are left out."""
    return tuple(weights.get(i, 0.0) for i in range(scale))
