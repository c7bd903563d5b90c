"""Colour folded into the first and the last convolution: no picture at full size is ever RGB.

The matrix YUV → RGB folds into the first convolution (offsets are subtracted while unpacking, not
in a bias, which zero padding would spoil at the border). RGB → YUV, the chroma average and the
scale of codes are linear and commute with the pixel shuffle, so they fold into the last one. It
then emits 16 luma + 8 chroma channels for ×4 and centre-sited 4:2:0 instead of 48; other sitings
carry a part over from the neighbouring cell (`vsr.upscaling.chroma_forms`).

Equal to `vsr.upscaling.passes.RgbPass` to float tolerance; a tie may round the other way.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.colour import rgb_from_yuv, yuv_from_rgb
from vsr.device.yuv import HALF, cut, upsample_chroma
from vsr.models.plain import Plain
from vsr.upscaling.chroma_forms import AxisForms
from vsr.upscaling.passes import PassSpec, Planes, chroma_planes

LUMA, COLOUR = 1, 3
"""How many channels of the decoded picture the folded network takes."""

WIDE = {2: torch.int16, 4: torch.int32, 8: torch.int64}
"""The integer that holds so many bytes."""


class FoldedPlain(nn.Module):
    """`Plain` from code differences to codes: (N, C, H, W) → (N, forms, H, W), no shuffle.

    The input is codes less their offset, chroma on the luma grid; the output holds, for each
    low-resolution cell, the luma codes (row by row) and the chroma forms, plus one half, so that
    cutting off the fraction rounds.
    """

    def __init__(
        self, head: nn.Module, body: Sequence[nn.Module], tail: nn.Module, base: nn.Module
    ) -> None:
        super().__init__()
        self.head = head
        self.body = nn.ModuleList(body)
        self.tail = tail
        self.base = base

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge without leaving low resolution."""
        features = F.relu(self.head(x))
        for conv in self.body:
            features = F.relu(conv(features))
        enlarged: Tensor = self.tail(features) + self.base(x)
        return enlarged


@dataclass(frozen=True, slots=True)
class FoldedPass:
    """Planes → code differences → folded network → planes; the network's output is unshuffled."""

    spec: PassSpec
    columns: AxisForms
    rows: AxisForms
    has_chroma_in: bool
    has_chroma_out: bool

    @classmethod
    def of(cls, spec: PassSpec) -> FoldedPass:
        """Return the pass for these formats."""
        layout, (right, down) = spec.output_format.layout, spec.output_format.offset
        has_chroma_in = not spec.source_format.layout.is_gray
        return cls(
            spec,
            AxisForms.of(spec.scale, 1 << layout.x_shift, right),
            AxisForms.of(spec.scale, 1 << layout.y_shift, down),
            has_chroma_in,
            # a network may tint what has no colour: gray stays gray
            has_chroma_in and not layout.is_gray,
        )

    @property
    def channels(self) -> int:
        """What the folded network takes."""
        return COLOUR if self.has_chroma_in else LUMA

    @property
    def scale(self) -> int:
        """The folded network stays at low resolution."""
        return 1

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
        scale, layout = self.spec.scale, self.spec.output_format.layout
        cells = output.permute(0, 2, 3, 1)[0]  # (H, W, forms), float
        luma_forms = scale * scale
        if self.has_chroma_out:
            self.rows.combine(self.columns.combine(self._chroma(cells), 2, 1), 3, 0)
        codes = cut(cells, self.spec.output_format.codes.peak)
        luma = shuffled(codes[..., :luma_forms].view(*cells.shape[:2], scale, scale))
        if layout.is_gray:
            return (luma,)
        if not self.has_chroma_out:
            return luma, *chroma_planes(planes, self.spec)
        kept = self._chroma(codes)[:, :, : self.columns.samples, : self.rows.samples]
        cb, cr = kept.transpose(2, 3).unbind(-1)
        return luma, shuffled(cb), shuffled(cr)

    def _chroma(self, cells: Tensor) -> Tensor:
        """Return the chroma of all cells as (H, W, column forms, row forms, 2)."""
        chroma = cells[..., self.spec.scale**2 :]
        return chroma.view(*cells.shape[:2], self.columns.count, self.rows.count, 2)


@dataclass(frozen=True, slots=True)
class FoldedLumaPass:
    """Luma → folded network; chroma as in `vsr.upscaling.passes.LumaPass`."""

    spec: PassSpec

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
        codes = cut(output.permute(0, 2, 3, 1)[0], self.spec.output_format.codes.peak)
        cells = codes.view(*codes.shape[:2], scale, scale)
        return shuffled(cells), *chroma_planes(planes, self.spec)


def fold(net: Plain, spec: PassSpec) -> tuple[FoldedPass | FoldedLumaPass, FoldedPlain]:
    """Return the folded pass and network; folding is computed in float64."""
    source, target = spec.source_format.codes, spec.output_format.codes
    subpixels = torch.eye(net.scale**2, dtype=torch.float64)
    if net.colour == "luma":
        forms = subpixels[:, None] * target.luma_scale
        to_image = torch.tensor([[1 / source.luma_scale]], dtype=torch.float64)
        offsets = torch.full((len(forms),), target.luma_offset + HALF, dtype=torch.float64)
        return FoldedLumaPass(spec), _folded(net, forms, to_image, offsets)
    way = FoldedPass.of(spec)
    units = torch.tensor(
        [source.luma_scale, source.chroma_scale, source.chroma_scale], dtype=torch.float64
    )
    to_image = torch.tensor(rgb_from_yuv(spec.source_format.colour.matrix), dtype=torch.float64)
    forms, offsets = _colour_forms(way, subpixels)
    return way, _folded(net, forms, (to_image / units)[:, : way.channels], offsets)


def _colour_forms(way: FoldedPass, subpixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the forms (count, RGB, scale²), in codes, and the offset of each, rounding included.

    Luma forms come first, row by row; chroma forms by column form, row form, component.
    """
    target = way.spec.output_format
    to_yuv = torch.tensor(yuv_from_rgb(target.colour.matrix), dtype=torch.float64)
    luma = torch.einsum("fs,c->fcs", subpixels, to_yuv[0] * target.codes.luma_scale)
    offsets = torch.full((len(luma),), target.codes.luma_offset + HALF, dtype=torch.float64)
    if not way.has_chroma_out:
        return luma, offsets
    average = torch.einsum("ax,by->abyx", way.columns.matrix(), way.rows.matrix()).flatten(2)
    chroma = torch.einsum("abs,kc->abkcs", average, to_yuv[1:] * target.codes.chroma_scale)
    # what is carried adds to a sample that has its offset already
    own = torch.zeros(chroma.shape[:3], dtype=torch.float64)
    own[: way.columns.samples, : way.rows.samples] = target.codes.chroma_offset + HALF
    return torch.cat((luma, chroma.flatten(0, 2))), torch.cat((offsets, own.flatten()))


def _folded(net: Plain, forms: Tensor, to_image: Tensor, offsets: Tensor) -> FoldedPlain:
    """Fold the input's units into the head, and the forms into tail and base.

    Args:
        forms: (count, image channels, scale²).
        to_image: (image channels, input channels).
        offsets: (count,).
    """
    head_weight, head_bias = _numbers(net.head)
    tail_weight, tail_bias = _numbers(net.tail)
    image = len(to_image)
    tail_weight, tail_bias = (t.reshape(image, -1, *t.shape[1:]) for t in (tail_weight, tail_bias))
    bias = torch.einsum("fcs,cs->f", forms, tail_bias) + offsets
    return FoldedPlain(
        _conv(torch.einsum("ocyx,ci->oiyx", head_weight, to_image), head_bias),
        [copy.deepcopy(conv) for conv in net.body],
        _conv(torch.einsum("fcs,csiyx->fiyx", forms, tail_weight), None),
        _conv(torch.einsum("fcs,ci->fi", forms, to_image)[:, :, None, None], bias),
    )


def _numbers(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return weight and bias in float64."""
    weight = conv.weight.detach().double()
    return weight, weight.new_zeros(len(weight)) if conv.bias is None else conv.bias.double()


def _conv(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """Return a float32 convolution of these numbers that keeps the size."""
    c_out, c_in, side, _ = weight.shape
    conv = nn.Conv2d(c_in, c_out, side, padding=side // 2, bias=bias is not None)
    conv.weight = nn.Parameter(weight.float(), requires_grad=False)
    if bias is not None:
        conv.bias = nn.Parameter(bias.detach().float(), requires_grad=False)
    return conv


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
