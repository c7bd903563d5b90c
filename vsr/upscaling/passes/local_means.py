"""Local means that stay what they were: what is drawn or cleaned is neither lightened nor tinted.

A network that draws detail has learned what edges and textures should look like, and what is drawn
need not have the mean of what was there. One that only cleans has seen few flat colours, and may
shift one by 18 codes. What means are off by, over a neighbourhood of some eight pixels of the
source, is taken away again; all that is finer than that stays as it was drawn. What is off after it
are colours beyond R'G'B', which a screen clips.

The means of a result, over cells of a pixel of the source, less that pixel: of these differences
the mean of `BLOCK`, smoothed by [1 2 1] and interpolated between. Black, white and what has no
colour stay exactly as they are.

All that is added up is whole numbers below 2²⁴, and all else is done value by value: the same bits
on every processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.device.yuv import HALF
from vsr.upscaling.passes.neighbours import held, joined
from vsr.upscaling.passes.resample import Axis, chroma_axes

if TYPE_CHECKING:
    from vsr.upscaling.passes.passes import PassSpec

GRAINS = 4096
"""Differences are counted in this many parts of an amplitude of 1: some 16 for a code of 8 bits."""

MOST = 256
"""Grains that a mean is shifted by at most: 14 codes of 8 bits."""

BLOCK = 4
"""Pixels of the source a side whose difference is averaged before it is smoothed."""

REACH = 4 * BLOCK
"""Source pixels on each side that a shift depends on, and a block that a part's end cuts; a part of
a picture that is as in the whole begins on a multiple of `BLOCK`."""

CACHED = 32
"""Rows of cells that are counted at once, so that they stay in a CPU's cache."""


@dataclass(frozen=True, slots=True)
class Units:
    """What numbers mean that a network makes.

    Attributes:
        zero: the amplitude 0, and
        one: how much further the amplitude 1 is.
        least: what is written as code 0, and
        most: as the largest code.
    """

    zero: float
    one: float
    least: float
    most: float

    @classmethod
    def of(cls, offset: float, scale: float, peak: int, *, in_codes: bool) -> Self:
        """Return those of codes plus one half, or of amplitudes.

        Args:
            offset: the code of the amplitude 0, and
            scale: how many codes further the amplitude 1 is.
            peak: the largest code.
        """
        if in_codes:
            return cls(offset + HALF, scale, HALF, peak + HALF)
        return cls(0.0, 1.0, -offset / scale, (peak - offset) / scale)

    def grains(self, values: Tensor) -> Tensor:
        """Return numbers, as they will be written, in whole `GRAINS`."""
        seen = values.clamp(self.least, self.most)
        return seen.sub_(self.zero).mul_(GRAINS / self.one).round_()


def keep_luma(cells: Tensor, planes: Sequence[Tensor], spec: PassSpec, *, in_codes: bool) -> None:
    """Give luma the local means of the source, in place.

    Args:
        cells: of the network's size, (H, rows, W, columns): rows · columns for each pixel of the
            source.
        planes: as they were decoded.
        in_codes: codes of the output plus one half; else amplitudes.
    """
    codes, made = spec.source_format.codes, spec.output_format.codes
    own = planes[0].float()[None].sub_(codes.luma_offset).mul_(GRAINS / codes.luma_scale).round_()
    units = Units.of(made.luma_offset, made.luma_scale, made.peak, in_codes=in_codes)
    _keep(cells[None], own, (own == 0) | (own == GRAINS), units, (BLOCK, BLOCK))


def with_chroma_kept(
    chroma: Tensor, planes: Sequence[Tensor], spec: PassSpec, *, in_codes: bool
) -> Tensor:
    """Return chroma (1, 2, H, W) of the network's size with the local means of the source's.

    Where a sample of the source's is no whole number of those made, they stay as they are.

    Args:
        chroma: on the output's grid.
        planes: as they were decoded.
        in_codes: codes of the output plus one half; else amplitudes.
    """
    grids = (spec.source, spec.source_format), (spec.network, spec.output_format)
    vertical, horizontal = chroma_axes(*grids)
    down, across = _made_of_one(vertical), _made_of_one(horizontal)
    if not (down and across):
        return chroma
    codes, made = spec.source_format.codes, spec.output_format.codes
    own = torch.stack(tuple(planes[1:])).float()
    own = own.sub_(codes.chroma_offset).mul_(GRAINS / codes.chroma_scale).round_()
    (height, width), (rows, columns) = chroma.shape[2:], own.shape[1:]
    whole = held(chroma, 0, rows * down - height, 2)
    whole = held(whole, 0, columns * across - width, 3)
    there = _seen_at(_seen_at(own, vertical, down, 1), horizontal, across, 2)
    layout = spec.source_format.layout
    block = BLOCK >> layout.y_shift, BLOCK >> layout.x_shift
    units = Units.of(made.chroma_offset, made.chroma_scale, made.peak, in_codes=in_codes)
    _keep(whole.view(2, rows, down, columns, across), there, own == 0, units, block)
    return whole[:, :, :height, :width]


def _keep(
    cells: Tensor, there: Tensor, fixed: Tensor, units: Units, block: tuple[int, int]
) -> None:
    """Take what local means are off by from cells (C, H, rows, W, columns).

    Args:
        there: samples of the source (C, H, W), in `GRAINS`, where the means of cells lie.
        fixed: where nothing is to be changed.
        block: its samples, down and across.
    """
    # rows first: they lie whole in memory, and whole numbers may be added in any order
    parts = (units.grains(part).sum(2).sum(3) for part in torch.split(cells, CACHED, 1))
    means = torch.cat(tuple(parts), 1) * (1 / (cells.shape[2] * cells.shape[4]))
    shift = shifts(means, there, block).masked_fill_(fixed, 0.0).mul_(units.one / GRAINS)
    cells.sub_(shift[:, :, None, :, None])


def shifts(means: Tensor, own: Tensor, block: tuple[int, int] = (BLOCK, BLOCK)) -> Tensor:
    """Return by how much local means are off, smoothly: (C, H, W), in `GRAINS`.

    Args:
        means: of what was made, over each sample of the source.
        own: the source's samples.
        block: how many of them, down and across, are averaged before they are smoothed.
    """
    (_, height, width), (down, across) = own.shape, block
    rows, columns = -(-height // down), -(-width // across)
    off = (means - own).round_()
    off = held(held(off, 0, rows * down - height, 1), 0, columns * across - width, 2)
    most = MOST * down * across
    coarse = off.view(-1, rows, down, columns, across).sum((2, 4)).clamp_(-most, most)
    for dim in (1, 2):
        pairs = joined(held(coarse, 1, 1, dim), 2, dim, torch.add)
        coarse = joined(pairs, 2, dim, torch.add)
    factors = float(down), float(across)
    fine = F.interpolate(coarse[None], scale_factor=factors, mode="bilinear", align_corners=False)
    return fine[0, :, :height, :width] * (1 / (down * across * 16))


def _made_of_one(axis: Axis) -> int:
    """Return how many samples are made of each of the source's; 0 if that is no whole number."""
    return 1 if axis.step == 1 else axis.factor


def _seen_at(own: Tensor, axis: Axis, count: int, dim: int) -> Tensor:
    """Return samples (C, H, W) where the mean of ``count`` made ones lies, linear, edges held."""
    place = axis.start + axis.step * (count - 1) / 2
    if place == 0:
        return own
    length = own.shape[dim]
    beside = held(own, 1, 1, dim).narrow(dim, 2 if place > 0 else 0, length)
    return own + (beside - own) * abs(place)
