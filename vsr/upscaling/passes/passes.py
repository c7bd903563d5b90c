"""From decoded planes to encoded planes, in three steps: prepare, network, complete.

Only the middle step is tiled, graphed or redone; the first and the last are cheap, see the whole
frame, and compute in float32. The plain passes here are the reference for `folded`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.colour import Siting, Tone
from vsr.device.yuv import (
    HALF,
    YuvFormat,
    amplitudes,
    cut_codes,
    downsample_chroma,
    planes_of,
    quantised,
    rgb_of,
    yuv_of,
)
from vsr.errors import Failed, InvalidOption
from vsr.frames import HostFrame, Layout
from vsr.upscaling.passes.chroma_from_luma import (
    STEPS,
    codes_of_sharp_chroma,
    is_halved,
    planes_with_sharp_chroma,
    sharp_chroma,
)
from vsr.upscaling.passes.even_colour import SINGLE, Cell, evened
from vsr.upscaling.passes.local_means import keep_luma, with_chroma_kept
from vsr.upscaling.passes.resample import Memo, chroma_axes, resample, resize
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
        coded_layout: in which a codec held the source, if that has fewer samples of chroma than the
            planes, as of a JPEG that was read as R'G'B'.
    """

    source: Size
    source_format: YuvFormat
    output: Size
    output_format: YuvFormat
    scale: int = 1
    tone: Tone | None = None
    coded_layout: Layout | None = None

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

    @property
    def coded_format(self) -> YuvFormat:
        """What a codec held of the source; halved chroma of an image lies between its pixels."""
        if self.coded_layout is None:
            return self.source_format
        colour = replace(self.source_format.colour, siting=Siting.CENTER)
        return YuvFormat(self.coded_layout, colour)

    def check(self, frame: HostFrame) -> None:
        """Check that a frame is what the pass was made for.

        Raises:
            Failed: it is not.
        """
        expected = self.source_format.layout
        if frame.size != self.source or frame.layout != expected:
            raise Failed(
                f"the frame at pts {frame.pts} is {frame.size} {frame.layout.subsampling} "
                f"{frame.layout.bits} bit, the video began as {self.source} "
                f"{expected.subsampling} {expected.bits} bit. Upscale each part by itself "
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
    """Planes → RGB → network → RGB → (resize) → planes.

    Attributes:
        cell: over which chroma is averaged (`vsr.upscaling.passes.even_colour`).
        follows: chroma follows luma (`vsr.upscaling.passes.chroma_from_luma`).
        keeps_means: of the source, locally (`vsr.upscaling.passes.local_means`).
    """

    channels: ClassVar[int] = 3

    cell: Cell = SINGLE
    follows: bool = False
    keeps_means: bool = False

    @property
    def keeps_colour(self) -> bool:
        """Whether chroma is written as the network made it."""
        return self.cell == SINGLE and not self.follows and not self.keeps_means

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return RGB (1, 3, H, W), not clamped."""
        return rgb_of(planes, self.spec.source_format).contiguous(memory_format=torch.channels_last)

    def complete(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Resize where needed, convert, quantise."""
        if not self.keeps_colour:
            return self._mended(output.float(), planes)
        rgb = resize(output.float(), self.spec.output, self.memo)
        if self.spec.source_format.layout.is_gray:
            # a network may tint colourless input
            rgb = yuv_of(rgb, self.spec.output_format.colour.matrix)[:, :1].expand_as(rgb)
        return planes_of(rgb, self.spec.output_format)

    def _mended(self, rgb: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Mend luma and halved chroma at the network's size; resize each on its own grid."""
        spec, target = self.spec, self.spec.output_format
        yuv = yuv_of(rgb, target.colour.matrix)
        luma = self._with_means(yuv[:, :1], planes)
        if spec.source_format.layout.is_gray or target.layout.is_gray:
            luma = resize(luma, spec.output, self.memo)
            return *quantised(luma, None, target), *chroma_planes(planes, spec, self.memo)
        chroma = evened(downsample_chroma(yuv[:, 1:], target), self.cell)
        if spec.network == spec.output and not self.keeps_means:
            made = quantised(luma, chroma, target)
            if not self.follows:
                return made
            return planes_with_sharp_chroma(made, planes, spec, self.memo)
        if self.follows:
            own_luma, own = amplitudes(planes, spec.source_format)
            assert own is not None  # gray sources have nothing to follow
            code = 1 / STEPS, target.codes.luma_scale / target.codes.chroma_scale / STEPS
            chroma = sharp_chroma((luma, chroma), (own_luma, own), spec, code, self.memo)
        if self.keeps_means:  # this comes last
            chroma = with_chroma_kept(chroma, planes, spec, in_codes=False)
        axes = chroma_axes((spec.network, target), (spec.output, target))
        chroma = resample(chroma, *axes, memo=self.memo)
        return quantised(resize(luma, spec.output, self.memo), chroma, target)

    def _with_means(self, luma: Tensor, planes: Sequence[Tensor]) -> Tensor:
        """Return luma (1, 1, H, W) of the network's size with the source's local means."""
        if not self.keeps_means:
            return luma
        spec, luma = self.spec, luma.contiguous()
        form = spec.source.height, spec.scale, spec.source.width, spec.scale
        keep_luma(luma.view(form), planes, spec, in_codes=False)
        return luma


@dataclass(frozen=True, slots=True)
class LumaPass(NetworkPass):
    """Luma → network; chroma → Catmull-Rom from its own grid to the output's, siting kept.

    Without a network luma takes the same Catmull-Rom: that is the model ``bicubic``.

    Attributes:
        follows: chroma follows what a network made (`vsr.upscaling.passes.chroma_from_luma`).
    """

    channels: ClassVar[int] = 1

    follows: bool = False

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return luma (1, 1, H, W)."""
        luma, _ = amplitudes(planes[:1], _gray(self.spec.source_format))
        return luma

    def complete(self, output: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Resize luma where needed, bring chroma over, quantise."""
        spec = self.spec
        resized = resize(output.float(), spec.output, self.memo)
        (luma,) = quantised(resized, None, spec.output_format)
        return luma, *self.chroma(luma, planes)

    def chroma(self, luma: Tensor, planes: Sequence[Tensor]) -> Planes:
        """Return the chroma planes beside the written luma."""
        if self.follows:
            return chroma_beside(luma, planes, self.spec, self.memo)
        return chroma_planes(planes, self.spec, self.memo)


def chroma_beside(luma: Tensor, planes: Sequence[Tensor], spec: PassSpec, memo: Memo) -> Planes:
    """Return the chroma planes beside the written luma, which a network of luma made.

    They follow it (`vsr.upscaling.passes.chroma_from_luma`), resized or not: at the output's size,
    where they are fewer than at the network's, they gain as much.
    """
    if not is_halved(spec, spec.output):
        return chroma_planes(planes, spec, memo)
    codes, soft = spec.output_format.codes, _enlarged_chroma(planes, spec, memo)
    soft = soft.mul_(codes.chroma_scale).add_(codes.chroma_offset)
    made = luma.float()[None, None], soft
    chroma = codes_of_sharp_chroma(made, planes, spec, memo)
    return tuple(cut_codes(chroma[0].add_(HALF), codes.peak))


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
        chroma = _enlarged_chroma(planes, spec, memo)
    return quantised(None, chroma, target)


def _enlarged_chroma(planes: Sequence[Tensor], spec: PassSpec, memo: Memo) -> Tensor:
    """Return the amplitudes of decoded chroma on the output's grid, Catmull-Rom."""
    _, own = amplitudes(planes, spec.source_format)
    assert own is not None
    grids = (spec.source, spec.source_format), (spec.output, spec.output_format)
    return resample(own, *chroma_axes(*grids), memo=memo)


def _gray(source: YuvFormat) -> YuvFormat:
    return replace(source, layout=replace(source.layout, is_gray=True, x_shift=0, y_shift=0))
