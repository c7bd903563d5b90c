"""Both ends of a pass in one launch each: planes → network's input; tail and base → planes, flag.

The passes of `vsr.upscaling.passes` are the reference, in a launch or more for each operation. Here
the base of the picture is computed from its decoded planes again, in float32, where it is added, so
that it is neither stored nor rounded. Chroma that sees no network or follows luma is torch's; so
is all that keeps local means, of planes that the kernel does not cut to codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from vsr.device.nvrtc import text
from vsr.device.nvrtc.program import Compile, Kernel, NoKernel
from vsr.device.yuv import HALF
from vsr.upscaling.passes.chroma_from_luma import planes_with_sharp_chroma
from vsr.upscaling.passes.folded import FoldedLumaPass, FoldedPass
from vsr.upscaling.passes.folding import FoldedPlain
from vsr.upscaling.passes.passes import LumaPass, Pass, PassSpec, RgbPass
from vsr.upscaling.passes.resample import resize

Constants = dict[str, text.Value]
Known = FoldedPass | FoldedLumaPass | LumaPass | RgbPass
"""The passes that kernels know; a toned one has tables, which torch looks up."""


@dataclass(frozen=True, slots=True)
class Base:
    """What is added to a folded network's tail: (forms, channels) and (forms,), float32."""

    weights: Tensor
    bias: Tensor

    @classmethod
    def of(cls, conv: nn.Conv2d) -> Self:
        """Return the numbers of a 1×1 convolution of code differences."""
        assert conv.bias is not None
        return cls(conv.weight.detach().float().flatten(1).contiguous(), conv.bias.detach().float())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What `PassKernels.complete` is given.

    Attributes:
        dtype: of its numbers; float32 where they are resized before.
        base: of a folded network; None where the tail holds it already.
        shuffle: the ratio of an RGB network's pixel shuffle, if that is left out; 1 if it is done.
        adds_nearest: an RGB network's nearest base is left out, too.
    """

    dtype: torch.dtype = torch.float32
    base: Base | None = None
    shuffle: int = 1
    adds_nearest: bool = False


@dataclass(frozen=True, slots=True)
class PassKernels:
    """The two kernels of a pass, compiled for its formats."""

    way: Known
    dtype: torch.dtype
    tail: Tail
    to_input: Kernel
    to_planes: Kernel

    @classmethod
    def open(cls, way: Pass, dtype: torch.dtype, tail: Tail, compiled: Compile) -> Self:
        """Compile the kernels of a pass.

        Args:
            dtype: of the network's input.

        Raises:
            NoKernel: there are none for this pass, or a text does not compile.
        """
        if not isinstance(way, Known):
            raise NoKernel(f"{type(way).__name__}: no kernels for it")
        name, constants = _output(way, tail)
        return cls(
            way,
            dtype,
            tail,
            compiled("network_input", text.text_of("network_input", _input(way, dtype))),
            compiled(name, text.text_of(name, constants)),
        )

    @classmethod
    def around(cls, way: Pass, run: object, dtype: torch.dtype, compiled: Compile) -> Self:
        """Compile the kernels of a pass around a network, which may cast its own input.

        A folded network's base is left to them; what any other makes is taken as it is.

        Args:
            run: the network as it runs; anything but a module makes numbers of ``dtype``.
            dtype: what it computes in.

        Raises:
            NoKernel: as `open`.
        """
        if isinstance(run, FoldedPlain):
            assert isinstance(run.base, nn.Conv2d)
            return cls.open(way, dtype, Tail(dtype=dtype, base=Base.of(run.base)), compiled)
        if isinstance(run, nn.Module):
            dtype = _made_of_float32(run, way.channels)
        is_whole = isinstance(way, RgbPass) and way.spec.network == way.spec.output
        return cls.open(way, dtype, Tail(dtype=dtype if is_whole else torch.float32), compiled)

    def prepare(self, planes: Sequence[Tensor]) -> Tensor:
        """Return the network's input (1, C, H, W) in its dtype, channels last."""
        height, width = planes[0].shape
        picture = planes[0].new_empty((1, height, width, self.way.channels), dtype=self.dtype)
        self.to_input(width, height, *_planes(planes), width, height, picture)
        return picture.permute(0, 3, 1, 2)

    def complete(
        self, tail: Tensor, planes: Sequence[Tensor], targets: Sequence[Tensor], flag: Tensor
    ) -> None:
        """Write the output's code planes, and 1 into the flag (1,) if all numbers were finite."""
        way, spec = self.way, self.way.spec
        flag.fill_(1)
        if isinstance(way, RgbPass):
            self._rgb(tail, planes, targets, flag)
        elif not isinstance(way, FoldedPass):
            tail = self._resized(tail) if isinstance(way, LumaPass) else tail
            self._cells(tail, planes, targets[:1], flag)
            _write(way.chroma(targets[0], planes), targets[1:])
        elif way.cuts_last:
            luma, chroma = _uncut(way, tail)
            self._cells(tail, planes, (luma, *chroma[0]), flag)
            made = way.finished(luma, chroma if way.has_chroma_out else None, planes)
            _write(made, targets)
        else:
            self._cells(tail, planes, targets, flag)
            if way.follows:
                made = planes_with_sharp_chroma(targets, planes, spec, way.memo)
                _write(made[1:], targets[1:])

    def _cells(
        self, tail: Tensor, planes: Sequence[Tensor], targets: Sequence[Tensor], flag: Tensor
    ) -> None:
        height, width = tail.shape[2:]
        base = self.tail.base
        weights, bias = (base.weights, base.bias) if base is not None else (tail, tail)  # not read
        self.to_planes(
            width, height, *_numbers(tail), weights, bias, *_planes(planes),
            width, height, *_planes(targets), flag,
        )  # fmt: skip

    def _rgb(
        self, tail: Tensor, planes: Sequence[Tensor], targets: Sequence[Tensor], flag: Tensor
    ) -> None:
        spec = self.way.spec
        tail = self._resized(tail) if spec.network != spec.output else tail
        layout = spec.output_format.layout
        blocks = layout.chroma_size(spec.output) if not layout.is_gray else spec.output
        self.to_planes(
            blocks.width, blocks.height, *_numbers(tail), *_planes(planes),
            spec.source.width, spec.source.height, *_planes(targets),
            spec.output.width, spec.output.height, flag,
        )  # fmt: skip

    def _resized(self, output: Tensor) -> Tensor:
        assert not isinstance(self.way, FoldedPass | FoldedLumaPass)
        return resize(output.float(), self.way.spec.output, self.way.memo)


def _write(planes: Sequence[Tensor], targets: Sequence[Tensor]) -> None:
    for plane, target in zip(planes, targets, strict=True):
        target.copy_(plane)


def _uncut(way: FoldedPass, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return what a kernel writes floats to: luma (H, W) and chroma (1, 2 or 0, h, w)."""
    size, count = way.spec.network, 2 if way.has_chroma_out else 0
    small = way.spec.output_format.layout.chroma_size(size)
    luma = like.new_empty((size.height, size.width), dtype=torch.float32)
    return luma, luma.new_empty((1, count, small.height, small.width))


SIDE = 16
"""The side of an image that every network accepts."""


def _made_of_float32(net: nn.Module, channels: int) -> torch.dtype:
    """Return what a network makes of float32: half precision if it rounds its input at once.

    One that adds its input to its output in float32 must be given that.
    """
    device = next(net.parameters()).device
    with torch.inference_mode():
        made: Tensor = net(torch.zeros(1, channels, SIDE, SIDE, device=device))
    return made.dtype


def _input(way: Known, dtype: torch.dtype) -> Constants:
    """Return the constants of ``network_input``."""
    source = way.spec.source_format
    if isinstance(way, RgbPass):
        matrix = text.to_rgb(source)
    elif isinstance(way, LumaPass):
        matrix = text.to_luma(source)
    else:
        matrix = text.to_differences(way.channels)
    return {**text.number_constants(dtype), **_source(way), "TO_INPUT": matrix}


def _source(way: Known) -> Constants:
    source = way.spec.source_format
    reads_chroma = way.channels == 3 and not source.layout.is_gray
    return {
        **text.source_constants(source, has_chroma=reads_chroma),
        "CHANNELS": way.channels,
    }


def _output(way: Known, tail: Tail) -> tuple[str, Constants]:
    """Return the name and the constants of the kernel that writes the output's planes.

    Raises:
        NoKernel: the tail leaves something out that is needed before a resize, or a whole picture
            is mended, which is left to torch.
    """
    spec = way.spec
    has_colour = not spec.source_format.layout.is_gray and not spec.output_format.layout.is_gray
    is_cut = not (isinstance(way, FoldedPass) and way.cuts_last)
    constants: Constants = {
        **text.number_constants(tail.dtype),
        **_source(way),
        **text.target_constants(spec.output_format, is_cut=is_cut),
        "HAS_CHROMA": int(has_colour),
        # a network may tint colourless input: gray must stay gray
        "IS_NEUTRAL": int(is_cut and not has_colour and not spec.output_format.layout.is_gray),
    }
    if isinstance(way, RgbPass):
        if not way.keeps_colour:
            raise NoKernel("what is mended of a whole frame has no kernel")
        return "rgb_output", constants | _rgb_constants(spec, tail, has_colour)
    return "folded_output", constants | _cell_constants(way, tail)


def _rgb_constants(spec: PassSpec, tail: Tail, has_chroma: bool) -> Constants:
    if spec.network != spec.output and (
        tail.shuffle > 1 or tail.adds_nearest or tail.dtype != torch.float32
    ):
        raise NoKernel("an image that is resized must be whole before, and in float32")
    # the nearest pixel of the source is known by the ratio of the shuffle
    if tail.adds_nearest and tail.shuffle != spec.scale:
        raise NoKernel("a nearest base is added before the shuffle")
    base = {"TO_INPUT": text.to_rgb(spec.source_format)} if tail.adds_nearest else {}
    return {
        **text.block_constants(spec.output_format, has_chroma=has_chroma),
        **base,
        "SHUFFLE": tail.shuffle,
        "HAS_BASE": int(tail.adds_nearest),
    }


def _cell_constants(way: FoldedPass | FoldedLumaPass | LumaPass, tail: Tail) -> Constants:
    codes = way.spec.output_format.codes
    constants: Constants = {
        "SCALE": way.spec.scale,
        "HAS_BASE": int(tail.base is not None),
        "LUMA_UNIT": 1.0,
        "LUMA_START": 0.0,
    }
    if isinstance(way, FoldedPass):
        for name, axis in (("COLUMN", way.columns), ("ROW", way.rows)):
            constants[f"{name}_SAMPLES"] = axis.samples
            constants[f"{name}_FORMS"] = axis.count
            constants[f"{name}_STEP"] = axis.step
        constants["EVEN_ROWS"], constants["EVEN_COLUMNS"] = way.cell
        return constants
    # chroma is torch's
    constants |= {"HAS_CHROMA": 0, "IS_NEUTRAL": 0}
    if isinstance(way, LumaPass):
        constants |= {
            "SCALE": 1,
            "LUMA_UNIT": codes.luma_scale,
            "LUMA_START": codes.luma_offset + HALF,
        }
    return constants


def _planes(planes: Sequence[Tensor]) -> tuple[Tensor | int, ...]:
    """Return Y, U, V and the strides of luma and chroma; where there is no chroma, luma's."""
    luma, chroma = planes[0], planes[-1]
    cb = planes[1] if len(planes) > 1 else luma
    return luma, cb, chroma, luma.stride(0), chroma.stride(0)


def _numbers(tail: Tensor) -> tuple[Tensor | int, ...]:
    """Return numbers (1, C, H, W) and their steps from row to row, column and channel."""
    return tail, tail.stride(2), tail.stride(3), tail.stride(1)
