"""Both ends of a pass by its kernels, run here as a CPU's program, compared with torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.device.nvrtc.on_cpu import compile_on_cpu
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import YuvFormat, rgb_of
from vsr.frames import Layout
from vsr.upscaling.engine.kernel_pass import Base, PassKernels, Tail
from vsr.upscaling.passes.folding import fold
from vsr.upscaling.passes.passes import LumaPass, Pass, PassSpec, RgbPass
from vsr.values import Size

ODD = Size(37, 11)
"""Columns over one block of threads and rows over another; both odd, so chroma is rounded up."""

MARGIN, UNTOUCHED = 5, 77
"""What lies beside a plane in its memory, in codes, and what is written there before."""

SITED = [
    *((Layout(8, 1, 1), siting) for siting in list(Siting)[1:]),
    *((Layout(8, 1, 0), siting) for siting in (Siting.LEFT, Siting.CENTER)),
    (Layout(8, 0, 0), Siting.LEFT),
    (Layout(8, 0, 0, is_gray=True), Siting.LEFT),
]
"""Every subsampling in every siting that differs in it."""


def colour_of(siting: Siting, matrix: Matrix = Matrix.BT709, full: bool = False) -> Colour:
    return Colour(matrix=matrix, range=Range.FULL if full else Range.LIMITED, siting=siting)


def within(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Return a plane whose rows are longer in memory than it is wide."""
    rows, columns = shape
    wide = torch.full((rows, columns + MARGIN), UNTOUCHED, dtype=torch.int32).to(dtype)
    return wide[:, :columns]


def planes_of(format_: YuvFormat, size: Size, seed: int | None) -> list[Tensor]:
    """Return planes of random codes, or for None of codes that nobody wrote."""
    layout, planes = format_.layout, []
    generator = torch.Generator().manual_seed(seed or 0)
    for shape in layout.plane_shapes(size):
        plane = within(shape, torch.uint8 if layout.bits == 8 else torch.uint16)
        if seed is not None:
            codes = torch.randint(0, 1 << layout.bits, shape, generator=generator)
            plane.copy_(codes)
        planes.append(plane)
    return planes


@dataclass
class Ends:
    """A pass by kernels, and by torch as the reference."""

    way: Pass
    kernels: PassKernels

    @classmethod
    def of(cls, way: Pass, dtype: torch.dtype = torch.float32, **tail) -> Ends:
        tail = Tail(dtype=tail.pop("tail_dtype", dtype), **tail)
        return cls(way, PassKernels.open(way, dtype, tail, compile_on_cpu))

    def assert_equal_input(self, planes: list[Tensor]) -> None:
        mine, theirs = self.kernels.prepare(planes), self.way.prepare(planes)
        assert mine.shape == theirs.shape
        assert mine.is_contiguous(memory_format=torch.channels_last)
        is_amplitude = isinstance(self.way, RgbPass | LumaPass)
        code = 1.0 / self.way.spec.source_format.codes.luma_scale if is_amplitude else 1.0
        # one rounding in the network's format, and those of fp32 before it
        room = torch.finfo(mine.dtype).eps * theirs.abs() + 0.03 * code
        assert bool(((mine.float() - theirs).abs() <= room).all())

    def assert_equal_planes(self, tail: Tensor, output: Tensor, planes: list[Tensor]) -> None:
        """Compare codes: equal, but for values on a rounding edge, which are one apart."""
        spec = self.way.spec
        expected = self.way.complete(output.clone(), planes)
        targets, flag = planes_of(spec.output_format, spec.output, None), torch.zeros(1).byte()
        self.kernels.complete(tail, planes, targets, flag)
        assert bool(flag[0]) == bool(torch.isfinite(output).all())
        for mine, theirs in zip(targets, expected, strict=True):
            apart = (mine.int() - theirs.int()).abs()
            assert apart.max() <= 1
            assert (apart > 0).float().mean() < 0.02
            beside = mine.as_strided((mine.shape[0], MARGIN), mine.stride(), mine.shape[1])
            assert bool((beside.int() == UNTOUCHED).all()), "wrote beside the plane"


def folded_ends(net, spec: PassSpec, dtype: torch.dtype, *, keeps_means: bool = False) -> None:
    """Compare a folded network's ends: its base and random numbers for its tail."""
    way, folded = fold(net, spec, keeps_means=keeps_means)
    ends = Ends.of(way, dtype, base=Base.of(folded.base))
    planes = planes_of(spec.source_format, spec.source, seed=1)
    ends.assert_equal_input(planes)
    forms = folded.base.out_channels
    peak = 1 << spec.output_format.layout.bits
    tail = (torch.randn(1, forms, spec.source.height, spec.source.width) * peak / 10).to(dtype)
    tail = tail.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        output = tail.float() + folded.base(way.prepare(planes))
    ends.assert_equal_planes(tail, output, planes)


def rgb_ends(spec: PassSpec, dtype: torch.dtype, shuffle: int = 1, nearest: bool = False) -> None:
    """Compare the ends of a network of RGB whose pixel shuffle and base may be left out."""
    way = RgbPass(spec)
    tail_dtype = dtype if spec.network == spec.output else torch.float32
    ends = Ends.of(way, dtype, tail_dtype=tail_dtype, shuffle=shuffle, adds_nearest=nearest)
    planes = planes_of(spec.source_format, spec.source, seed=2)
    ends.assert_equal_input(planes)
    size = spec.source if shuffle > 1 else spec.network
    tail = (torch.rand(1, 3 * shuffle**2, size.height, size.width) * 1.2 - 0.1).to(dtype)
    output = F.pixel_shuffle(tail.float(), shuffle)
    if nearest:
        base = rgb_of(planes, spec.source_format)
        output += base.repeat_interleave(spec.scale, 2).repeat_interleave(spec.scale, 3)
    ends.assert_equal_planes(tail, output, planes)


def deep(layout: Layout, bits: int) -> Layout:
    return replace(layout, bits=bits)
