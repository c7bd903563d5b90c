"""How restoring networks see HDR: luma through a reversible curve, chroma around the network.

The pass of the curved luma is the one that gray frames take, a few bits deeper, so that the way
back finds every code. Chroma is Catmull-Rom, its siting kept, and follows luma: primaries and white
stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from vsr.colour import Codes, Tone, from_sdr, towards_sdr
from vsr.device.yuv import YuvFormat
from vsr.frames import Layout
from vsr.upscaling.passes.passes import Pass, PassSpec, Planes, chroma_beside
from vsr.upscaling.passes.resample import Memo

MORE_BITS, MOST_BITS = 4, 16
"""Bits of the curved luma on its way back: more than the source by this many, and the most."""


def curved_spec(spec: PassSpec) -> PassSpec:
    """Return what the curved luma's own pass is made for."""
    source, output = spec.source_format, spec.output_format
    return replace(
        spec,
        source_format=replace(source, layout=_gray_layout(source.layout.bits)),
        output_format=replace(output, layout=_gray_layout(_deep(output.layout.bits))),
        tone=None,
    )


def _deep(bits: int) -> int:
    return min(bits + MORE_BITS, MOST_BITS)


def _gray_layout(bits: int) -> Layout:
    return Layout(bits=bits, x_shift=0, y_shift=0, is_gray=True)


@dataclass(frozen=True, slots=True, eq=False)
class TonedPass:
    """Planes → curved luma → the pass within → deeper curved luma → planes.

    Attributes:
        inner: the pass for `curved_spec`.
        there: (codes,): what a luma code is, in codes of the same depth, on the curve; float32.
        back: (deeper codes,): the luma code of each one on the curve; int32.
    """

    alters_output: ClassVar[bool] = True

    spec: PassSpec
    inner: Pass
    there: Tensor
    back: Tensor
    memo: Memo

    @classmethod
    def of(cls, spec: PassSpec, inner: Pass, tone: Tone) -> Self:
        """Make the tables."""
        return cls(
            spec, inner, _there(spec.source_format, tone), _back(spec.output_format, tone), Memo()
        )

    @property
    def channels(self) -> int:
        """How many channels the network takes."""
        return self.inner.channels

    @property
    def scale(self) -> int:
        """What the network's output is enlarged by."""
        return self.inner.scale

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return the network's input of the curved luma."""
        return self.inner.prepare((self._looked_up(self.there, planes[0]),))

    def complete(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Return luma from the curve, and chroma that saw no network but follows that luma."""
        (curved,) = self.inner.complete(output, (self._looked_up(self.there, planes[0]),))
        bits = self.spec.output_format.layout.bits
        luma = self._looked_up(self.back, curved).to(torch.uint8 if bits == 8 else torch.uint16)
        return luma, *chroma_beside(luma, planes, self.spec, self.memo)

    def _looked_up(self, table: Tensor, codes: Tensor) -> Tensor:
        table = self.memo.on_device(table, codes)
        return table.index_select(0, codes.to(torch.int32).flatten()).view(codes.shape)


def _there(source: YuvFormat, tone: Tone) -> Tensor:
    codes = source.codes
    amplitude = (np.arange(codes.peak + 1) - codes.luma_offset) / codes.luma_scale
    curved = codes.luma_offset + codes.luma_scale * towards_sdr(amplitude, tone)
    return torch.from_numpy(curved.astype(np.float32))


def _back(target: YuvFormat, tone: Tone) -> Tensor:
    codes = target.codes
    deep = Codes.of(_deep(target.layout.bits), target.colour.range)
    amplitude = (np.arange(deep.peak + 1) - deep.luma_offset) / deep.luma_scale
    luma = codes.luma_offset + codes.luma_scale * from_sdr(amplitude, tone)
    return torch.from_numpy(np.clip(np.rint(luma), 0, codes.peak).astype(np.int32))
