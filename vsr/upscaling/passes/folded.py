"""Colour folded into the first and the last convolution: no full-size frame is ever RGB.

The matrix YUV → RGB folds into the first convolution (offsets are subtracted while unpacking, not
in a bias, which zero padding would spoil at the border). RGB → YUV, the chroma average and the
scale of codes are linear and commute with the pixel shuffle, so they fold into the last one. It
then emits 16 luma + 8 chroma channels for ×4 and centre-sited 4:2:0 instead of 48; other sitings
carry a part over from the neighbouring cell (`vsr.upscaling.passes.chroma_forms`).

Equal to `vsr.upscaling.passes.passes.RgbPass` to float tolerance; a tie may round the other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from vsr.device.yuv import cut_codes, upsample_chroma
from vsr.upscaling.passes.chroma_forms import AxisForms
from vsr.upscaling.passes.chroma_from_luma import planes_with_sharp_chroma
from vsr.upscaling.passes.even_colour import SINGLE, Cell, evened
from vsr.upscaling.passes.passes import PassSpec, Planes, chroma_beside, chroma_planes
from vsr.upscaling.passes.resample import Memo

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


LUMA, COLOUR = 1, 3
"""How many channels of the decoded frame the folded network takes."""


@dataclass(frozen=True, slots=True)
class FoldedPass:
    """Planes → code differences → folded network → planes; the network's output is unshuffled.

    Attributes:
        cell: over which chroma is averaged (`vsr.upscaling.passes.even_colour`).
        follows: chroma follows luma (`vsr.upscaling.passes.chroma_from_luma`).
    """

    alters_output: ClassVar[bool] = True

    spec: PassSpec
    columns: AxisForms
    rows: AxisForms
    has_chroma_in: bool
    has_chroma_out: bool
    cell: Cell = SINGLE
    follows: bool = False
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)

    @classmethod
    def of(cls, spec: PassSpec, cell: Cell = SINGLE, *, follows: bool = False) -> FoldedPass:
        """Return the pass for these formats."""
        layout, (right, down) = spec.output_format.layout, spec.output_format.offset
        has_chroma_in = not spec.source_format.layout.is_gray
        return cls(
            spec,
            AxisForms.of(spec.scale, 1 << layout.x_shift, right),
            AxisForms.of(spec.scale, 1 << layout.y_shift, down),
            has_chroma_in,
            # a network may tint colourless input: gray must stay gray
            has_chroma_in and not layout.is_gray,
            cell,
            follows,
        )

    @property
    def channels(self) -> int:
        """What the folded network takes."""
        return COLOUR if self.has_chroma_in else LUMA

    @property
    def scale(self) -> int:
        """The folded network stays at low resolution."""
        return 1

    @property
    def fraction(self) -> int:
        """How many binary digits chroma on the luma grid has after the point."""
        layout, sites = self.spec.source_format.layout, self.spec.source_format.offset
        shifts = (layout.x_shift, layout.y_shift)
        return sum((2 if site == 0.5 else 1) for shift, site in zip(shifts, sites) if shift)

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return codes less their offset (1, 1 or 3, H, W), chroma on the luma grid."""
        source = self.spec.source_format
        luma = one_channel(planes[0]).sub_(source.codes.luma_offset)
        if not self.has_chroma_in:
            return luma
        height, width = planes[0].shape
        chroma = torch.stack((planes[1], planes[2])).float().sub_(source.codes.chroma_offset)
        chroma = upsample_chroma(chroma[None], source, height, width)
        return torch.cat((luma, chroma), 1).contiguous(memory_format=torch.channels_last)

    def complete(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Add what chroma cells carry over, cut to codes, shuffle bytes."""
        made = self._made(output, planes)
        return planes_with_sharp_chroma(made, planes, self.spec) if self.follows else made

    def _made(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Return the planes of what the network made."""
        scale, layout = self.spec.scale, self.spec.output_format.layout
        cells = output.permute(0, 2, 3, 1)[0]  # (H, W, forms), float
        luma_forms = scale * scale
        if self.has_chroma_out:
            self.rows.combine(self.columns.combine(self._chroma(cells), 2, 1), 3, 0)
        codes = cut_codes(cells, self.spec.output_format.codes.peak)
        luma = shuffled(codes[..., :luma_forms].view(*cells.shape[:2], scale, scale))
        if layout.is_gray:
            return (luma,)
        if not self.has_chroma_out:
            return luma, *chroma_planes(planes, self.spec, self.memo)
        if self.cell != SINGLE:
            return luma, *self._evened(cells)
        cb, cr = self._samples(codes).unbind(-1)
        return luma, shuffled(cb), shuffled(cr)

    def _evened(self, cells: Tensor) -> Planes:
        """Return chroma planes, averaged, of the values (H, W, forms) of all cells."""
        height, width, rows, columns, _ = self._samples(cells).shape
        planes = self._samples(cells).permute(4, 0, 2, 1, 3)
        chroma = planes.reshape(1, 2, height * rows, width * columns)
        peak = self.spec.output_format.codes.peak
        return tuple(cut_codes(evened(chroma, self.cell)[0], peak))

    def _samples(self, cells: Tensor) -> Tensor:
        """Return the chroma samples of all cells as (H, W, rows, columns, 2)."""
        kept = self._chroma(cells)[:, :, : self.columns.samples, : self.rows.samples]
        return kept.transpose(2, 3)

    def _chroma(self, cells: Tensor) -> Tensor:
        """Return the chroma of all cells as (H, W, column forms, row forms, 2)."""
        chroma = cells[..., self.spec.scale**2 :]
        return chroma.view(*cells.shape[:2], self.columns.count, self.rows.count, 2)


@dataclass(frozen=True, slots=True)
class FoldedLumaPass:
    """Luma → folded network; chroma as in `vsr.upscaling.passes.passes.LumaPass`."""

    alters_output: ClassVar[bool] = False
    fraction: ClassVar[int] = 0

    spec: PassSpec
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)

    @property
    def channels(self) -> int:
        """What the folded network takes."""
        return LUMA

    @property
    def scale(self) -> int:
        """The folded network stays at low resolution."""
        return 1

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return luma codes less their offset (1, 1, H, W)."""
        return one_channel(planes[0]).sub_(self.spec.source_format.codes.luma_offset)

    def complete(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Cut luma to codes, shuffle bytes, bring chroma over."""
        scale = self.spec.scale
        codes = cut_codes(output.permute(0, 2, 3, 1)[0], self.spec.output_format.codes.peak)
        luma = shuffled(codes.view(*codes.shape[:2], scale, scale))
        return luma, *self.chroma(luma, planes)

    def chroma(self, luma: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Return the chroma planes beside the written luma."""
        return chroma_beside(luma, planes, self.spec, self.memo)
