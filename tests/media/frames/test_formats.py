from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import av_frame, index_of, plane_view, write_clip
from vsr.colour import Colour, Range, Siting, luma_weights
from vsr.frames import Layout
from vsr.media.frames.formats import Reading, layout_of, pix_fmt_of, reading_of
from vsr.media.frames.planes import Converter, planes_in, video_frame_of
from vsr.media.reading.reader import Reader
from vsr.values import Size

SIZE = Size(32, 24)
ODD = Size(33, 25)
HALF_PAIRS_UNWRITTEN = ("yuyv422", "uyvy422", "yvyu422", "y210le", "p010le", "p012le", "p016le")
"""swscale, which makes the pictures of these formats here, leaves the last odd column out, and at
widths that are no multiple of 16 its threads write over the start of one another's rows."""


def read(frame: av.VideoFrame, color_range: Range = Range.LIMITED) -> tuple[np.ndarray, ...]:
    reading = reading_of(frame.format.name)
    assert reading is not None
    if reading.filtered_as:
        size = Size(frame.width, frame.height)
        frame = Converter(size, reading.filtered_as, Colour(range=color_range)).convert(frame)
    return planes_in(frame, reading)


def noise(layout: Layout, size: Size, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return tuple(
        rng.integers(0, 1 << layout.bits, shape).astype(layout.dtype)
        for shape in layout.plane_shapes(size)
    )


@pytest.mark.parametrize(
    "pix_fmt", ["yuv420p", "yuv422p10le", "yuv444p12le", "gray", "gray10le", "yuv420p16le"]
)
def test_a_layout_and_its_name_belong_together(pix_fmt: str) -> None:
    layout = layout_of(pix_fmt)
    assert layout is not None
    assert pix_fmt_of(layout) == pix_fmt


@pytest.mark.parametrize("pix_fmt", ["rgb24", "nv12", "yuva420p", "yuv420p10be", "pal8", "cuda"])
def test_what_is_no_plain_planar_yuv_has_no_layout(pix_fmt: str) -> None:
    assert layout_of(pix_fmt) is None


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv422p10le", "yuv444p", "gray10le"])
@pytest.mark.parametrize("size", [SIZE, ODD])
def test_planar_pictures_are_read_in_place_and_exactly(pix_fmt: str, size: Size) -> None:
    layout = layout_of(pix_fmt)
    assert layout is not None
    planes = noise(layout, size)
    frame = video_frame_of(planes, pix_fmt)
    got = read(frame)
    assert all(np.array_equal(a, b) for a, b in zip(got, planes, strict=True))
    frame.make_writable()
    plane_view(frame.planes[0], layout)[0, 0] ^= 1
    assert got[0][0, 0] == plane_view(frame.planes[0], layout)[0, 0]


def test_a_view_outlives_its_frame() -> None:
    planes = noise(Layout(), SIZE)
    views = read(video_frame_of(planes, "yuv420p"))
    for _ in range(50):
        video_frame_of(noise(Layout(), SIZE, seed=1), "yuv420p")
    assert all(np.array_equal(a, b) for a, b in zip(views, planes, strict=True))


@pytest.mark.parametrize(
    ("stored", "planar"),
    [
        ("nv12", "yuv420p"),
        ("nv21", "yuv420p"),
        ("nv16", "yuv422p"),
        ("nv24", "yuv444p"),
        ("p010le", "yuv420p10le"),
        ("p012le", "yuv420p12le"),
        ("p016le", "yuv420p16le"),
        ("p210le", "yuv422p10le"),
        ("yuyv422", "yuv422p"),
        ("uyvy422", "yuv422p"),
        ("yvyu422", "yuv422p"),
        ("yuv420p10be", "yuv420p10le"),
        ("y210le", "yuv422p10le"),
    ],
)
@pytest.mark.parametrize("size", [SIZE, ODD])
def test_other_arrangements_of_the_same_samples_are_read_exactly(
    stored: str, planar: str, size: Size
) -> None:
    if stored in HALF_PAIRS_UNWRITTEN and size is ODD:
        size = Size(64, size.height)
    layout = layout_of(planar)
    assert layout is not None
    planes = noise(layout, size)
    got = read(video_frame_of(planes, planar).reformat(format=stored))
    assert [plane.dtype for plane in got] == [layout.dtype] * 3
    assert all(np.array_equal(a, b) for a, b in zip(got, planes, strict=True))


def test_a_picture_stored_bottom_up_is_read_the_right_way() -> None:
    planes = noise(Layout(), SIZE)
    frame = video_frame_of(planes, "yuv420p")
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=32, height=24, format=av.VideoFormat("yuv420p"), time_base="1/1"
    )
    graph.link_nodes(source, graph.add("vflip"), graph.add("buffersink")).configure()
    graph.vpush(frame)
    flipped = graph.vpull()
    assert flipped.planes[0].line_size < 0
    assert all(np.array_equal(a, b[::-1]) for a, b in zip(read(flipped), planes, strict=True))


@pytest.mark.parametrize("pix_fmt", ["yuv420p9le", "yuv420p12le", "yuv444p14le", "gray16le"])
def test_every_depth_is_read_in_place(pix_fmt: str) -> None:
    layout, reading = layout_of(pix_fmt), reading_of(pix_fmt)
    assert layout is not None
    assert reading is not None
    planes = noise(layout, SIZE)
    got = read(video_frame_of(planes, pix_fmt))
    assert all(np.array_equal(a, b) for a, b in zip(got, planes, strict=True))
    assert reading.conversion is None


@pytest.mark.parametrize(
    ("pix_fmt", "subsampling", "bits"),
    [
        ("rgb24", "4:4:4", 8),
        ("gbrp", "4:4:4", 8),
        ("rgba", "4:4:4", 8),
        ("pal8", "4:4:4", 8),
        ("rgb48le", "4:4:4", 16),
        ("gbrp12le", "4:4:4", 12),
        ("xyz12le", "4:4:4", 12),
        ("gbrpf32le", "4:4:4", 16),
        ("gbrp10le", "4:4:4", 10),
        ("monow", "gray", 8),
        ("yuv411p", "4:2:2", 8),
        ("yuv410p", "4:2:0", 8),
        ("yuv440p", "4:4:4", 8),
        ("vuya", "4:4:4", 8),
        ("xv30le", "4:4:4", 10),
    ],
)
def test_what_must_change_is_read_as_the_nearest_layout_and_said(
    pix_fmt: str, subsampling: str, bits: int
) -> None:
    reading = reading_of(pix_fmt)
    assert reading is not None
    assert (reading.layout.subsampling, reading.layout.bits) == (subsampling, bits)
    assert reading.conversion is not None
    assert reading.conversion.startswith(pix_fmt)


@pytest.mark.parametrize(
    ("pix_fmt", "coded"),
    [
        ("yuv440p", Layout(8, 0, 1)),
        ("yuvj440p", Layout(8, 0, 1)),
        ("yuv440p10le", Layout(10, 0, 1)),
        ("yuv411p", None),
        ("yuv410p", None),
        ("vuya", None),
        ("rgb24", None),
    ],
)
def test_chroma_with_half_the_rows_is_known_although_all_are_delivered(
    pix_fmt: str, coded: Layout | None
) -> None:
    reading = reading_of(pix_fmt)
    assert isinstance(reading, Reading)
    assert reading.coded_layout == coded


@pytest.mark.parametrize(
    ("pix_fmt", "layout"),
    [
        ("yuva420p", Layout()),
        ("yuva444p10le", Layout(10, 0, 0)),
        ("ya8", Layout(8, 0, 0, is_gray=True)),
        ("rgba", Layout(8, 0, 0)),
        ("gbrap16le", Layout(16, 0, 0)),
    ],
)
def test_alpha_is_read_beside_the_colours(pix_fmt: str, layout: Layout) -> None:
    reading = reading_of(pix_fmt)
    assert reading is not None
    assert (reading.layout, reading.alpha is not None) == (layout, True)


@pytest.mark.parametrize("pix_fmt", ["cuda", "vaapi", "no_such_format"])
def test_surfaces_and_unknown_formats_cannot_be_read(pix_fmt: str) -> None:
    assert reading_of(pix_fmt) is None


@pytest.mark.parametrize(
    "pix_fmt", sorted(av.codec.codec.Codec("rawvideo", "w").name and ["bgr24"])
)
def test_rgb_becomes_bt709_within_one_code(pix_fmt: str) -> None:
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pix_fmt)
    colour = Colour(matrix=1, range=Range.LIMITED)
    reading = reading_of(pix_fmt)
    assert isinstance(reading, Reading)
    assert reading.filtered_as is not None
    converted = Converter(SIZE, reading.filtered_as, colour).convert(frame)
    luma = planes_in(converted, reading)[0]
    expected = 16 + 219 / 255 * (rgb @ np.array(luma_weights(1)))
    assert np.abs(luma - expected).max() < 1


@pytest.mark.parametrize(
    ("siting", "right"),
    [(Siting.LEFT, 0), (Siting.TOP_LEFT, 0), (Siting.UNSPECIFIED, 0), (Siting.CENTER, 1.5)],
)
def test_chroma_of_every_fourth_pixel_stays_where_it_is(siting: Siting, right: float) -> None:
    """4:1:1 lies on the first of four luma samples, or amid them; as 4:2:2 it does so of two."""
    ramp = np.tile(20 + 4 * np.arange(50, dtype=np.uint8), (16, 1))  # a code for a pixel
    luma = np.full((16, 200), 128, np.uint8)
    reading = reading_of("yuv411p")
    assert isinstance(reading, Reading)
    assert reading.filtered_as is not None
    converter = Converter(Size(200, 16), reading.filtered_as, Colour(siting=siting))
    frame = converter.convert(video_frame_of((luma, ramp, ramp), "yuv411p"))
    chroma = planes_in(frame, reading)[1].astype(float)
    places = 2 * np.arange(100) + (0.5 if right else 0)
    expected = 20 + places - right
    assert np.abs(chroma - expected)[:, 8:-8].max() <= 0.5


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [
        ("ffv1", "gbrp12le", "mkv"),
        ("ffv1", "yuva420p", "mkv"),
        ("ffv1", "gray16le", "mkv"),
        ("ffv1", "yuv411p", "mkv"),
        ("rawvideo", "bgr24", "avi"),
        ("rawvideo", "yuyv422", "avi"),
        ("rawvideo", "nv12", "nut"),
        ("png", "rgb24", "mov"),
        ("utvideo", "yuv422p", "avi"),
    ],
)
def test_files_of_unusual_formats_are_read_whole(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str
) -> None:
    path = write_clip(tmp_path / f"clip.{suffix}", codec=codec, pix_fmt=pix_fmt, frames=5, gop=1)
    with Reader.open(path) as reader:
        assert [index_of(frame.planes[0]) for frame in reader.frames()] == list(range(5))
        assert reader.info.video.pix_fmt == pix_fmt


def test_the_bar_code_survives_depth_and_size() -> None:
    for size in (SIZE, ODD, Size(320, 180)):
        frame = av_frame(777, size, "yuv420p10le")
        layout = layout_of("yuv420p10le")
        assert layout is not None
        assert index_of(plane_view(frame.planes[0], layout)) == 777
