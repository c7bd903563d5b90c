"""Our colour against swscale's accurate path, and against itself."""

import av
import numpy as np
import pytest
import torch
from av.filter import Graph

from vsr.colour import Colour, Matrix, Range, Siting, yuv_from_rgb
from vsr.device.yuv import (
    YuvFormat,
    amplitudes,
    downsample_chroma,
    mixed_by_plane,
    planes_of,
    quantised,
    rgb_of,
    upsample_chroma,
    yuv_of,
)
from vsr.errors import InvalidOption
from vsr.frames import Layout
from vsr.values import Size

CAREFUL = "bilinear+accurate_rnd+full_chroma_int+full_chroma_inp"
COLOURSPACE = {Matrix.SMPTE170M: "smpte170m", Matrix.BT709: "bt709", Matrix.BT2020_NCL: "bt2020"}
SITING = {Siting.LEFT: "left", Siting.CENTER: "center", Siting.TOP_LEFT: "topleft"}
SIZE = Size(64, 48)


def picture_format(
    layout: Layout = Layout(),
    matrix: Matrix = Matrix.BT709,
    color_range: Range = Range.LIMITED,
    siting: Siting = Siting.LEFT,
) -> YuvFormat:
    return YuvFormat(layout, Colour(matrix=matrix, range=color_range, siting=siting))


def random_planes(layout: Layout, size: Size = SIZE, seed: int = 0) -> list[torch.Tensor]:
    """Smooth noise over the whole code range."""
    rng = np.random.default_rng(seed)
    peak = (1 << layout.bits) - 1
    planes = []
    for shape in layout.plane_shapes(size):
        codes = rng.integers(0, peak + 1, shape)
        codes = (codes + np.roll(codes, 1, 0) + np.roll(codes, 1, 1)) // 3
        planes.append(torch.from_numpy(codes.astype(layout.dtype)))
    return planes


def swscale_rgb(planes: list[torch.Tensor], source: YuvFormat) -> torch.Tensor:
    """Return (3, H, W) RGB codes of 8 bits by swscale's most accurate path."""
    frame = av.VideoFrame(SIZE.width, SIZE.height, "yuv420p")
    for target, plane in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(target, np.uint8).reshape(target.height, target.line_size)
        rows[:, : target.width] = plane.numpy()
    frame.colorspace = int(source.colour.matrix)
    frame.color_range = int(source.colour.range)
    graph = Graph()
    head = graph.add(
        "buffer",
        video_size=f"{SIZE.width}x{SIZE.height}",
        pix_fmt="yuv420p",
        time_base="1/1",
        colorspace=str(int(source.colour.matrix)),
        range=str(int(source.colour.range)),
    )
    scale = graph.add(
        "scale",
        f"flags={CAREFUL}:in_chroma_loc={SITING[source.colour.siting]}"
        f":in_color_matrix={COLOURSPACE[Matrix(source.colour.matrix)]}",
    )
    tail = graph.add("format", "gbrp")
    graph.link_nodes(head, scale, tail, graph.add("buffersink")).configure()
    graph.vpush(frame)
    out = graph.vpull()
    green, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in out.planes
    )
    return torch.from_numpy(np.stack((red, green, blue)))


@pytest.mark.parametrize("siting", SITING)
@pytest.mark.parametrize("color_range", [Range.LIMITED, Range.FULL])
@pytest.mark.parametrize("matrix", COLOURSPACE)
def test_rgb_equals_swscales_careful_path_within_rounding(matrix, color_range, siting):
    source = picture_format(matrix=matrix, color_range=color_range, siting=siting)
    planes = random_planes(source.layout)
    ours = rgb_of(planes, source)[0].clamp(0, 1) * 255
    theirs = swscale_rgb(planes, source).float()
    assert (ours - theirs).abs().max() <= 0.51


LAYOUTS = [
    Layout(bits, x_shift, y_shift, is_gray)
    for bits in (8, 10, 12, 16)
    for x_shift, y_shift, is_gray in ((1, 1, False), (1, 0, False), (0, 0, False), (0, 0, True))
]


@pytest.mark.parametrize("color_range", [Range.LIMITED, Range.FULL])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_luma_codes_survive_the_round_trip(layout, color_range):
    source = picture_format(layout, color_range=color_range)
    planes = random_planes(layout)
    back = planes_of(rgb_of(planes, source), source)
    assert torch.equal(back[0], planes[0])
    assert [plane.dtype for plane in back] == [plane.dtype for plane in planes]


@pytest.mark.parametrize("layout", [Layout(8, 0, 0), Layout(10, 0, 0)], ids=str)
def test_444_survives_the_round_trip_whole(layout):
    source = picture_format(layout)
    planes = random_planes(layout)
    for mine, theirs in zip(planes_of(rgb_of(planes, source), source), planes, strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("siting", list(SITING))
@pytest.mark.parametrize("layout", [Layout(8, 1, 1), Layout(8, 1, 0)], ids=str)
def test_flat_and_sloping_chroma_stays_where_it_is(layout, siting):
    """A ramp sampled at the siting's positions is restored on the luma grid, and back."""
    source = picture_format(layout, siting=siting)
    right, down = source.offset
    rows, columns = layout.plane_shapes(SIZE)[1]
    x = (torch.arange(columns) * (1 << layout.x_shift) + right) / 100
    y = (torch.arange(rows) * (1 << layout.y_shift) + down) / 70
    chroma = (y[:, None] + x)[None, None].expand(1, 2, -1, -1)
    up = upsample_chroma(chroma, source, SIZE.height, SIZE.width)
    expected = torch.arange(SIZE.height)[:, None] / 70 + torch.arange(SIZE.width) / 100
    inside = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(up[0, 0][inside], expected[inside])
    torch.testing.assert_close(downsample_chroma(up, source)[inside], chroma[inside])


def test_left_sited_420_averages_1_2_1_across_and_a_box_down():
    source = picture_format(siting=Siting.LEFT)
    chroma = torch.rand(1, 2, 6, 8)
    rows = (chroma[:, :, 0::2] + chroma[:, :, 1::2]) / 2
    held = torch.cat((rows[..., :1], rows), dim=3)
    expected = (held[..., 0:-1:2] + 2 * held[..., 1::2] + held[..., 2::2]) / 4
    torch.testing.assert_close(downsample_chroma(chroma, source), expected)


@pytest.mark.parametrize("siting", [s for s in Siting if s is not Siting.UNSPECIFIED])
@pytest.mark.parametrize("size", [Size(1, 1), Size(3, 5), Size(2, 1), Size(161, 121)], ids=str)
def test_odd_and_tiny_sizes_keep_a_flat_colour(siting, size):
    source = picture_format(siting=siting)
    planes = [
        torch.full(shape, code, dtype=torch.uint8)
        for shape, code in zip(source.layout.plane_shapes(size), (100, 90, 160), strict=True)
    ]
    for mine, theirs in zip(planes_of(rgb_of(planes, source), source), planes, strict=True):
        assert torch.equal(mine, theirs)


def test_rgb_is_not_clamped_but_codes_are():
    source = picture_format(Layout(8, 0, 0))
    planes = [torch.full((2, 2), code, dtype=torch.uint8) for code in (250, 20, 240)]
    assert rgb_of(planes, source).max() > 1
    luma, chroma = torch.full((1, 1, 2, 2), 1.5), torch.full((1, 2, 2, 2), -0.7)
    codes = quantised(luma, chroma, source)
    assert [plane.unique().tolist() for plane in codes] == [[255], [0], [0]]


def test_gray_has_equal_red_green_and_blue():
    source = picture_format(Layout(8, 0, 0, is_gray=True))
    rgb = rgb_of(random_planes(source.layout), source)
    assert torch.equal(rgb[:, 0], rgb[:, 1])
    assert torch.equal(rgb[:, 0], rgb[:, 2])


def test_white_is_one_and_primaries_have_their_luma():
    source = picture_format()
    white = amplitudes([torch.full((2, 2), 235, dtype=torch.uint8)] * 3, source)[0]
    assert white.unique().tolist() == pytest.approx([1.0], abs=1e-6)
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert yuv_of(red, Matrix.BT709).flatten().tolist() == pytest.approx(
        [0.2126, -0.1146, 0.5], abs=1e-4
    )


def test_unresolved_siting_and_odd_subsampling_are_refused():
    with pytest.raises(InvalidOption, match="siting"):
        YuvFormat(Layout(), Colour(matrix=Matrix.BT709))
    with pytest.raises(InvalidOption, match="subsampling"):
        picture_format(Layout(8, 2, 0))


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last], ids=str)
def test_the_way_of_a_cuda_graph_mixes_alike(memory):
    rgb = torch.rand(1, 3, 9, 7).contiguous(memory_format=memory)
    mixed = mixed_by_plane(rgb, yuv_from_rgb(Matrix.BT709))
    torch.testing.assert_close(mixed, yuv_of(rgb, Matrix.BT709), rtol=0, atol=1e-6)
