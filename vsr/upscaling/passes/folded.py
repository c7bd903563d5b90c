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

from vsr.device.yuv import HALF, cut_codes, upsample_chroma
from vsr.upscaling.passes.chroma_forms import AxisForms
from vsr.upscaling.passes.chroma_from_luma import codes_of_sharp_chroma, planes_with_sharp_chroma
from vsr.upscaling.passes.even_colour import SINGLE, Cell, evened
from vsr.upscaling.passes.local_means import keep_luma, with_chroma_kept
from vsr.upscaling.passes.passes import PassSpec, Planes, chroma_beside, chroma_planes
from vsr.upscaling.passes.resample import Memo, chroma_axes, resample, resize

WIDE = {2: torch.int16, 4: torch.int32, 8: torch.int64, 16: torch.complex128}
"""A type of this many bytes."""


def one_channel(plane: Tensor) -> Tensor:
    """Return a plane (H, W) as float32 (1, 1, H, W) that torch takes for channels_last.

    One channel fits both layouts; without these strides the convolutions would run in the other.
    """
    height, width = plane.shape
    return (
        plane.float().contiguous().as_strided((1, 1, height, width), (height * width, 1, width, 1))
    )


def shuffled(cells: Tensor) -> Tensor:
    """Return cells (H, W, rows, columns) as a plane (H · rows, W · columns)."""
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
        keeps_means: of the source, locally (`vsr.upscaling.passes.local_means`).
    """

    alters_output: ClassVar[bool] = True

    spec: PassSpec
    columns: AxisForms
    rows: AxisForms
    has_chroma_in: bool
    has_chroma_out: bool
    cell: Cell = SINGLE
    follows: bool = False
    keeps_means: bool = False
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        spec: PassSpec,
        cell: Cell = SINGLE,
        *,
        follows: bool = False,
        keeps_means: bool = False,
    ) -> FoldedPass:
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
            keeps_means,
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
    def cuts_last(self) -> bool:
        """Whether what the network made is cut to codes by `finished`, not where it is made."""
        return self.keeps_means or self.spec.network != self.spec.output

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
        """Add what chroma cells carry over, shuffle, mend, resize where needed, cut to codes."""
        cells = output.permute(0, 2, 3, 1)[0]  # (H, W, forms), float
        if self.has_chroma_out:
            self.rows.combine(self.columns.combine(self._chroma(cells), 2, 1), 3, 0)
        if self.cuts_last:
            chroma = self._evened(cells) if self.has_chroma_out else None
            return self.finished(shuffled(self._luma(cells)), chroma, planes)
        made = self._made(cells, planes)
        if not self.follows:
            return made
        return planes_with_sharp_chroma(made, planes, self.spec, self.memo)

    def finished(self, luma: Tensor, chroma: Tensor | None, planes: Sequence[Tensor]) -> Planes:
        """Return code planes of what the network made: mended at its size, then resized.

        Luma gets the source's local means, chroma follows it, and gets its own last. Each is
        resized on its own grid.

        Args:
            luma: (H, W), codes plus one half, float32; altered.
            chroma: (1, 2, h, w), averaged, plus one half; None unless `has_chroma_out`.
            planes: as they were decoded.
        """
        spec, target = self.spec, self.spec.output_format
        whole = luma[None, None]
        if self.keeps_means:
            cells = luma.view(len(luma) // spec.scale, spec.scale, -1, spec.scale)
            keep_luma(cells, planes, spec, in_codes=True)
        (written,) = cut_codes(resize(whole, spec.output, self.memo)[0], target.codes.peak)
        if chroma is None:
            return written, *chroma_planes(planes, spec, self.memo)
        if self.follows:
            made = whole, chroma
            chroma = codes_of_sharp_chroma(made, planes, spec, self.memo, more=HALF)
        if self.keeps_means:
            chroma = with_chroma_kept(chroma, planes, spec, in_codes=True)
        axes = chroma_axes((spec.network, target), (spec.output, target))
        chroma = resample(chroma, *axes, memo=self.memo)
        return written, *cut_codes(chroma[0], target.codes.peak)

    def _made(self, cells: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Return the planes of what the network made."""
        target = self.spec.output_format
        codes = cut_codes(cells, target.codes.peak)
        luma = shuffled(self._luma(codes))
        if not self.has_chroma_out:
            return luma, *chroma_planes(planes, self.spec, self.memo)
        if self.cell != SINGLE:
            return luma, *cut_codes(self._evened(cells)[0], target.codes.peak)
        cb, cr = self._samples(codes).unbind(-1)
        return luma, shuffled(cb), shuffled(cr)

    def _evened(self, cells: Tensor) -> Tensor:
        """Return chroma (1, 2, h, w), averaged, of the values (H, W, forms) of all cells."""
        height, width, rows, columns, _ = self._samples(cells).shape
        planes = self._samples(cells).permute(4, 0, 2, 1, 3)
        return evened(planes.reshape(1, 2, height * rows, width * columns), self.cell)

    def _luma(self, cells: Tensor) -> Tensor:
        """Return the luma of all cells as (H, W, rows, columns)."""
        scale = self.spec.scale
        return cells[..., : scale**2].view(*cells.shape[:2], scale, scale)

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
        """Resize luma where needed, cut it to codes, shuffle, bring chroma over."""
        spec, cells = self.spec, output.permute(0, 2, 3, 1)[0]
        peak, form = spec.output_format.codes.peak, (*cells.shape[:2], spec.scale, spec.scale)
        if spec.network == spec.output:
            luma = shuffled(cut_codes(cells, peak).view(form))
        else:
            whole = shuffled(cells.reshape(form))[None, None]
            (luma,) = cut_codes(resize(whole, spec.output, self.memo)[0], peak)
        return luma, *self.chroma(luma, planes)

    def chroma(self, luma: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Return the chroma planes beside the written luma."""
        return chroma_beside(luma, planes, self.spec, self.memo)
