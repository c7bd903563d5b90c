"""Chroma that does not show the pixels of the source: averaged over one of them, twice.

A plain network adds what it learned to the nearest pixel of its source, and its few features carry
little colour. What is left of the nearest pixel are steps of Cb and Cr at the border of each, in
smooth places up to five times those beside them: a fine grid on skin and sky. A box as wide as a
source pixel, applied twice, takes nothing but these steps away: it leaves a ramp as it is, and has
its zeros at their frequency. Chroma that was halved before it was enlarged holds little that a box
of half its own distance could remove, so only such chroma is averaged (`python -m
tests.benchmarks.looks`, row "the same, colour"). In frames of ten real clips codes changed by 0.1
in the mean, 999 of 1,000 by 4 at most, none by more than 10.

Only sums and one product: the same bits on every processor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsr.upscaling.passes.neighbours import held, joined

if TYPE_CHECKING:
    from vsr.models.blocks import Generator
    from vsr.upscaling.passes.passes import PassSpec

Cell = tuple[int, int]
"""Rows and columns of chroma samples that lie in a pixel of the source."""

SINGLE: Cell = (1, 1)
"""Nothing to average."""


def cell_of(net: Generator, spec: PassSpec) -> Cell:
    """Return the cell over which chroma of a network's output is to be averaged.

    It has the samples of the output's subsampling, at the size that leaves the network.
    """
    source, target = spec.coded_format.layout, spec.output_format.layout
    if not net.shows_cells or source.is_gray or target.is_gray:
        return SINGLE
    halvings = ((source.y_shift, target.y_shift), (source.x_shift, target.x_shift))
    rows, columns = (
        -(-spec.scale // (1 << written)) if halved else 1 for halved, written in halvings
    )
    return rows, columns


def evened(chroma: Tensor, cell: Cell) -> Tensor:
    """Return chroma (N, C, H, W) averaged over a cell, twice; edges are held."""
    rows, columns = cell
    return _averaged(_averaged(chroma, rows, 2), columns, 3)


def _averaged(values: Tensor, count: int, dim: int) -> Tensor:
    if count == 1:
        return values
    whole = held(values, count - 1, count - 1, dim)
    once = joined(whole, count, dim, torch.add)
    return joined(once, count, dim, torch.add).mul_(1 / count**2)
