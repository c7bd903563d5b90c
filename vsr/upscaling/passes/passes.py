"""From decoded planes to encoded planes, in three steps: prepare, network, complete.

Only the middle step is tiled, graphed or redone; the first and the last are cheap, see the whole
frame, and compute in float32. The plain passes here are the reference for `folded`.

`TonedPass` is how restoring networks see HDR: luma through a reversible curve, chroma around the
network. The pass of the curved luma is the one that gray frames take, a few bits deeper, so that
the way back finds every code. Chroma is Catmull-Rom, its siting kept: primaries and white stay
what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.colour import Codes, Tone, from_sdr, towards_sdr
from vsr.device.yuv import YuvFormat, amplitudes, planes_of, quantised, rgb_of, yuv_of
from vsr.errors import Failed, InvalidOption
from vsr.frames import HostFrame, Layout
from vsr.upscaling.passes.resample import Axis, Memo, resample, resize
from vsr.values import Size

Planes = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassSpec:
    """What goes in, what comes out, and what the network enlarges by.

    Attributes:
        source: the size of the decoded luma plane.
        output: the size of the written luma plane.
        scale: the network's; 1 without a network.
        tone: the curve that luma takes through the network alone, or None for all planes.
    """

    source: Size
    source_format: YuvFormat
    output: Size
    output_format: YuvFormat
    scale: int = 1
    tone: Tone | None = None

    def __post_init__(self) -> None:
        if self.source_format.colour.matrix != self.output_format.colour.matrix:
            raise InvalidOption(
                "the colour matrix must stay what it is: "
                f"{self.source_format.colour.matrix} would become "
                f"{self.output_format.colour.matrix}."
            )

    @property
    def network(self) -> Size:
        """The size that leaves the network."""
        return self.source.scaled(self.scale)

    def check(self, frame: HostFrame) -> None:
        """Check that a frame is what the pass was made for.

        Raises:
            Failed: it is not.
        """
        expected = self.source_format.layout
        if frame.size != self.source or frame.layout != expected:
            raise Failed(
                f"the frame at pts {frame.pts} is {frame.size} {frame.layout.subsampling} "
                f"{frame.layout.bits} bit, the clip began as {self.source} "
                f"{expected.subsampling} {expected.bits} bit. Cut the clip where it changes "
                "(--start, --end)."
            )

    def enlarged(self, source: HostFrame, planes: tuple[NDArray[Any], ...]) -> HostFrame:
        """Return enlarged planes as a frame with the source's time and extras."""
        return source.with_pixels(planes, self.output_format.layout, self.output_format.colour)


class Pass(Protocol):
    """One way from planes to planes.

    Attributes:
        alters_output: `complete` changes the network's output in place.
    """

    alters_output: ClassVar[bool]

    @property
    def channels(self) -> int:
        """How many channels the network takes."""
        ...

    @property
    def scale(self) -> int:
        """What the network's output is enlarged by."""
        ...

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return the network's input (1, channels, H, W), float32."""
        ...

    def complete(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Return code planes from the network's output and the decoded planes."""
        ...


@dataclass(frozen=True, slots=True)
class NetworkPass:
    """What passes around a whole network have in common."""

    alters_output: ClassVar[bool] = False

    spec: PassSpec
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)

    @property
    def scale(self) -> int:
        """The network's scale."""
        return self.spec.scale


@dataclass(frozen=True, slots=True)
class RgbPass(NetworkPass):
    """Planes → RGB → network → RGB → (resize) → planes."""

    channels: ClassVar[int] = 3

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return RGB (1, 3, H, W), not clamped."""
        return rgb_of(planes, self.spec.source_format).contiguous(memory_format=torch.channels_last)

    def complete(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Resize where needed, convert, quantise."""
        rgb = resize(output.float(), self.spec.output, self.memo)
        if self.spec.source_format.layout.is_gray:
            # a network may tint colourless input
            rgb = yuv_of(rgb, self.spec.output_format.colour.matrix)[:, :1].expand_as(rgb)
        return planes_of(rgb, self.spec.output_format)


@dataclass(frozen=True, slots=True)
class LumaPass(NetworkPass):
    """Luma → network; chroma → Catmull-Rom from its own grid to the output's, siting kept.

    Without a network luma takes the same Catmull-Rom: that is the model ``bicubic``.
    """

    channels: ClassVar[int] = 1

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return luma (1, 1, H, W)."""
        luma, _ = amplitudes(planes[:1], _gray(self.spec.source_format))
        return luma

    def complete(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Resize luma where needed, bring chroma over, quantise."""
        spec = self.spec
        luma = quantised(resize(output.float(), spec.output, self.memo), None, spec.output_format)
        return luma + chroma_planes(planes, spec, self.memo)


def chroma_planes(planes: Sequence[Tensor], spec: PassSpec, memo: Memo) -> Planes:
    """Return the written chroma planes: resampled from the decoded ones, neutral if there are none.

    Empty for a gray output.
    """
    target = spec.output_format
    if target.layout.is_gray:
        return ()
    if spec.source_format.layout.is_gray:
        size = target.layout.chroma_size(spec.output)
        chroma = torch.zeros(1, 2, size.height, size.width, device=planes[0].device)
    else:
        vertical, horizontal = chroma_axes(spec)
        _, own = amplitudes(planes, spec.source_format)
        assert own is not None
        chroma = resample(own, vertical, horizontal, memo=memo)
    return quantised(None, chroma, target)


def chroma_axes(spec: PassSpec) -> tuple[Axis, Axis]:
    """Return (vertical, horizontal): from the decoded chroma grid to the written one."""
    source, target = spec.source_format, spec.output_format
    sides = []
    for side, shift, offset in (("height", "y_shift", 1), ("width", "x_shift", 0)):
        grids = [
            (getattr(size, side), 1 << getattr(fmt.layout, shift), fmt.offset[offset])
            for size, fmt in ((spec.source, source), (spec.output, target))
        ]
        sides.append(Axis.chroma(grids[0], grids[1]))
    return sides[0], sides[1]


def _gray(source: YuvFormat) -> YuvFormat:
    return replace(source, layout=replace(source.layout, is_gray=True, x_shift=0, y_shift=0))


MORE_BITS, MOST_BITS = 4, 16
"""Of the curved luma on its way back."""


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
        """Return luma from the curve, and chroma that saw no network."""
        (curved,) = self.inner.complete(output, planes[:1])
        bits = self.spec.output_format.layout.bits
        luma = self._looked_up(self.back, curved).to(torch.uint8 if bits == 8 else torch.uint16)
        return luma, *chroma_planes(planes, self.spec, self.memo)

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
