"""Networks with what the program does to their results before it writes them.

In R'G'B', of a source whose chroma was halved; neither rounded nor clamped, as flat fields are
judged.
"""

from __future__ import annotations

import torch
from torch import nn

from vsr.colour import Colour, Matrix, Range, Siting, rgb_from_yuv
from vsr.device.yuv import YuvFormat, downsample_chroma, mixed, yuv_of
from vsr.frames import Layout
from vsr.models.blocks import Generator
from vsr.models.int8.features import quantise
from vsr.models.int8.network import with_integers
from vsr.models.plain import Plain
from vsr.upscaling.passes.chroma_from_luma import STEPS, sharp_chroma
from vsr.upscaling.passes.even_colour import evened
from vsr.upscaling.passes.local_means import keep_luma, with_chroma_kept
from vsr.upscaling.passes.passes import PassSpec
from vsr.values import Size

COLOUR = Colour(matrix=Matrix.SMPTE170M, range=Range.FULL, siting=Siting.LEFT)

HALVED, WHOLE = Layout(8, 1, 1), Layout(8, 0, 0)
"""What a source is taken for, and a result."""

HALVING = 2
"""Pixels a side for each chroma sample that is written: fewer for a source pixel hold no step."""


class _Written(nn.Module):
    """A network whose result is mended as the program writes it, of a source of halved chroma.

    Args:
        runs: what computes, and
        net: the network that it is: where that shows cells, chroma is averaged and follows luma.
        keeps_means: of the source, locally.
    """

    def __init__(self, runs: nn.Module, net: Generator, *, keeps_means: bool) -> None:
        super().__init__()
        self.keeps_means = keeps_means
        self.runs, self.scale, self.shows_cells = runs, net.scale, net.shows_cells

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.runs(x)
        rows, columns = x.shape[2:]
        size = Size(columns, rows)
        spec = PassSpec(
            source=size,
            source_format=YuvFormat(HALVED, COLOUR),
            output=size.scaled(self.scale),
            output_format=YuvFormat(WHOLE, COLOUR),
            scale=self.scale,
        )
        own, yuv = yuv_of(x.float(), COLOUR.matrix), yuv_of(made.float(), COLOUR.matrix)
        luma, chroma = yuv[:, :1].contiguous(), yuv[:, 1:]
        halved = downsample_chroma(own[:, 1:], spec.source_format)
        if self.shows_cells and self.scale >= HALVING * 2:
            chroma = evened(chroma, (self.scale, self.scale))
        codes = spec.source_format.codes
        planes = (255 * own[0, 0], *(255 * halved[0] + codes.chroma_offset))
        if self.keeps_means:
            cells = luma.view(rows, self.scale, columns, self.scale)
            keep_luma(cells, planes, spec, in_codes=False)
        if self.shows_cells:
            pictures = (luma, chroma), (own[:, :1], halved)
            chroma = sharp_chroma(*pictures, spec, (1 / STEPS, 1 / STEPS))
        if self.keeps_means:
            chroma = with_chroma_kept(chroma, planes, spec, in_codes=False)
        return mixed(torch.cat((luma, chroma), 1), rgb_from_yuv(COLOUR.matrix))


def as_written(
    net: Generator, *, draws_detail: bool = False, restores_tape: bool = False
) -> nn.Module:
    """Return a network with what passes do to its result (`vsr.upscaling.passes`)."""
    is_mended = net.shows_cells or draws_detail
    return _Written(net, net, keeps_means=not restores_tape) if is_mended else net


def written_in_integers(net: Plain, *, restores_tape: bool = False) -> nn.Module:
    """Return the same of a network as an x86 CPU computes it."""
    return _Written(with_integers(net, quantise(net)), net, keeps_means=not restores_tape)
