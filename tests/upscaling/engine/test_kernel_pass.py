"""The CUDA kernels against torch: their text runs here as a CPU's program, its grid as loops."""

from dataclasses import replace

import pytest
import torch

from tests.upscaling.engine.kernel_ends import (
    ODD,
    SITED,
    Ends,
    colour_of,
    deep,
    folded_ends,
    planes_of,
    rgb_ends,
)
from tests.upscaling.toys import compact, pass_spec, plain
from vsr.colour import Matrix
from vsr.device.nvrtc.program import NoKernel
from vsr.device.yuv import YuvFormat
from vsr.frames import Layout
from vsr.upscaling.engine.kernel_pass import Base
from vsr.upscaling.passes.even_colour import cell_of
from vsr.upscaling.passes.folding import fold
from vsr.upscaling.passes.passes import LumaPass, PassSpec, RgbPass
from vsr.upscaling.passes.toned import TonedPass
from vsr.values import Size


@pytest.mark.parametrize(
    ("bits", "sited", "dtype"),
    [
        (8, SITED[0], torch.float16),
        (10, SITED[2], torch.bfloat16),
        (12, SITED[4], torch.float32),
        (16, SITED[7], torch.float32),
        (8, SITED[9], torch.float16),
    ],
    ids=str,
)
def test_a_folded_network_has_the_same_ends(bits, sited, dtype):
    layout, siting = sited
    scale = 4 if bits in (10, 12) else 2  # several samples of chroma in a cell, or one
    spec = pass_spec(ODD, scale, deep(layout, bits), colour=colour_of(siting))
    folded_ends(plain(scale), spec, dtype)


@pytest.mark.parametrize("size", [ODD, Size(1, 1), Size(2, 9)], ids=str)
@pytest.mark.parametrize(
    ("source", "output", "cell"),
    [
        (Layout(8, 1, 1), Layout(8, 1, 1), (2, 2)),
        (Layout(10, 1, 1), Layout(8, 0, 0), (4, 4)),
        (Layout(8, 0, 1), Layout(16, 0, 1), (2, 1)),
    ],
    ids=str,
)
def test_chroma_is_averaged_over_the_same_cells(size, source, output, cell):
    spec = pass_spec(size, 4, source, output_layout=output)
    assert fold(plain(4), spec)[0].cell == cell
    folded_ends(plain(4), spec, torch.float32)


@pytest.mark.parametrize(
    ("bits", "sited", "scale"),
    [(8, SITED[0], 2), (10, SITED[2], 4), (10, SITED[6], 4), (8, SITED[8], 2), (8, SITED[9], 4)],
    ids=str,
)
def test_a_folded_network_keeps_the_same_local_means(bits, sited, scale):
    layout, siting = sited
    spec = pass_spec(ODD, scale, deep(layout, bits), colour=colour_of(siting))
    folded_ends(plain(scale), spec, torch.float16, keeps_means=True)


def test_gray_and_resized_results_keep_the_same_local_means():
    gray = Layout(8, 0, 0, is_gray=True)
    for source, output in ((gray, Layout()), (Layout(), gray)):
        folded_ends(
            plain(2), pass_spec(ODD, 2, source, output_layout=output), torch.float16,
            keeps_means=True,
        )  # fmt: skip
    spec = pass_spec(ODD, 4, output=Size(100, 31))
    for keeps_means in (True, False):
        folded_ends(plain(4), spec, torch.float16, keeps_means=keeps_means)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("sited", SITED, ids=str)
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_every_format_keeps_the_same_local_means(bits, sited, dtype):
    """Of 16 bits a shift is counted in some 14 codes: a tie there moves results by two."""
    layout, siting = deep(sited[0], bits), sited[1]
    for scale, size in ((2, ODD), (4, ODD), (4, Size(1, 1)), (2, Size(2, 9))):
        spec = pass_spec(size, scale, layout, colour=colour_of(siting))
        for net in (plain(scale), compact(scale)):
            folded_ends(net, spec, dtype, keeps_means=True)


@pytest.mark.parametrize(
    ("bits", "sited", "dtype", "shuffle"),
    [
        (8, SITED[0], torch.float16, 1),
        (10, SITED[5], torch.bfloat16, 3),
        (16, SITED[3], torch.float32, 3),
        (8, SITED[8], torch.float16, 1),
        (12, SITED[9], torch.float32, 3),
    ],
    ids=str,
)
def test_a_network_of_rgb_has_the_same_ends(bits, sited, dtype, shuffle):
    layout, siting = sited
    spec = pass_spec(ODD, 3, deep(layout, bits), colour=colour_of(siting, Matrix.SMPTE170M, True))
    rgb_ends(spec, dtype, shuffle, nearest=shuffle > 1)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("sited", SITED, ids=str)
@pytest.mark.parametrize("bits", [8, 9, 10, 12, 14, 16])
def test_every_format_has_the_same_ends(bits, sited, dtype):
    layout, siting = deep(sited[0], bits), sited[1]
    for scale, matrix in ((2, Matrix.BT709), (4, Matrix.BT2020_NCL)):
        colour = colour_of(siting, matrix, full=scale == 4)
        folded_ends(compact(scale), pass_spec(ODD, scale, layout, colour=colour), dtype)
    for scale, shuffle in ((2, 1), (3, 3)):
        rgb_ends(
            pass_spec(ODD, scale, layout, colour=colour_of(siting)), dtype, shuffle, shuffle > 1
        )


@pytest.mark.slow
@pytest.mark.parametrize("target", SITED, ids=str)
@pytest.mark.parametrize("source", SITED, ids=str)
def test_every_format_becomes_every_other(source, target):
    spec = PassSpec(
        source=ODD,
        source_format=YuvFormat(source[0], colour_of(source[1])),
        output=ODD.scaled(2),
        output_format=YuvFormat(deep(target[0], 10), colour_of(target[1])),
        scale=2,
    )
    folded_ends(plain(2), spec, torch.float16)
    rgb_ends(spec, torch.float16)
    rgb_ends(replace(spec, output=Size(63, 45)), torch.float16)


def test_a_frame_of_one_pixel_and_one_below_a_block_of_threads():
    for size in (Size(1, 1), Size(2, 9), Size(31, 1)):
        folded_ends(plain(2), pass_spec(size, 2), torch.float32)
        rgb_ends(pass_spec(size, 3), torch.float32)


def test_colourless_input_stays_colourless_in_every_way():
    gray = Layout(8, 0, 0, is_gray=True)
    spec = pass_spec(ODD, 2, gray, output_layout=Layout())
    folded_ends(plain(2), spec, torch.float16)
    rgb_ends(spec, torch.float16)


def test_a_result_that_is_resized_is_resized_by_torch():
    rgb_ends(pass_spec(ODD, 2, output=Size(50, 15)), torch.float16)


@pytest.mark.parametrize("layout", [Layout(10, 1, 1), Layout(8, 0, 0, is_gray=True)], ids=str)
def test_networks_of_luma_leave_chroma_to_torch(layout):
    spec = pass_spec(ODD, 2, layout)
    folded_ends(plain(2, "luma"), spec, torch.float16)
    for output in (spec.output, Size(50, 16)):
        way = LumaPass(replace(spec, output=output))
        ends, planes = Ends.of(way), planes_of(spec.source_format, ODD, seed=3)
        ends.assert_equal_input(planes)
        tail = torch.rand(1, 1, spec.network.height, spec.network.width)
        ends.assert_equal_planes(tail, tail, planes)


@pytest.mark.parametrize("wrong", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_one_number_that_is_not_finite_clears_the_flag(dtype, wrong):
    spec = pass_spec(ODD, 2)
    way, folded = fold(plain(2), spec)
    kernels = Ends.of(way, dtype, base=Base.of(folded.base)).kernels
    planes = planes_of(spec.source_format, ODD, seed=4)
    targets, flag = planes_of(spec.output_format, spec.output, None), torch.zeros(1).byte()
    for form in range(folded.base.out_channels):
        tail = torch.zeros(1, folded.base.out_channels, ODD.height, ODD.width, dtype=dtype)
        kernels.complete(tail, planes, targets, flag)
        assert flag[0] == 1
        tail[0, form, 5, 36] = wrong
        kernels.complete(tail, planes, targets, flag)
        assert flag[0] == 0


def test_what_is_mended_of_a_whole_picture_has_no_kernel():
    spec = pass_spec(ODD, 4)
    with pytest.raises(NoKernel, match="mended"):
        Ends.of(RgbPass(spec, cell=cell_of(plain(4), spec)))
    with pytest.raises(NoKernel, match="mended"):
        Ends.of(RgbPass(spec, keeps_means=True))


def test_a_toned_pass_and_a_base_that_is_resized_have_no_kernels():
    spec = pass_spec(ODD, 2, Layout(8, 0, 0, is_gray=True))
    toned = TonedPass.of(replace(spec, tone="luma"), LumaPass(spec), "luma")
    with pytest.raises(NoKernel, match="TonedPass"):
        Ends.of(toned)
    with pytest.raises(NoKernel, match="resized"):
        Ends.of(RgbPass(pass_spec(ODD, 2, output=Size(50, 16))), shuffle=2)
