"""The pixel format that is encoded: depth and chroma are kept, or what is lost is told."""

import pytest

from tests.media.encoding.chosen import SMALL, chosen
from vsr.errors import EncoderUnavailable, InvalidOption
from vsr.frames import Layout
from vsr.media.frames.formats import layout_of
from vsr.values import Size

GRAY = Layout(8, 0, 0, is_gray=True)


@pytest.mark.parametrize(
    ("container", "size", "layout", "name"),
    [
        ("mp4", SMALL, Layout(), "libx264"),
        ("matroska", Size(4096, 64), Layout(), "libx264"),
        ("matroska", Size(4098, 64), Layout(), "libx265"),
        ("mp4", SMALL, Layout(10), "libx265"),
        ("mov", SMALL, Layout(10, 1, 0), "libx265"),
        ("mp4", SMALL, Layout(8, 0, 0), "libx264"),
        ("webm", SMALL, Layout(), "libsvtav1"),
        ("webm", SMALL, Layout(10), "libsvtav1"),
        ("webm", SMALL, Layout(8, 0, 0), "libvpx-vp9"),
    ],
)
def test_auto_keeps_depth_and_chroma(container: str, size: Size, layout: Layout, name: str) -> None:
    encoder = chosen(container, size, layout)
    assert encoder.name == name
    assert encoder.layout == layout
    assert layout_of(encoder.pix_fmt) == layout


def test_pix_fmt_changes_what_the_upscaler_delivers() -> None:
    assert chosen(pix_fmt="yuv420p10le").layout == Layout(10)
    assert chosen(pix_fmt="yuv420p10le").name == "libx265"
    assert chosen(codec="hevc", layout=Layout(10), pix_fmt="yuv420p").layout == Layout(8)


@pytest.mark.parametrize("pix_fmt", ["rgb24", "nonsense", "nv12"])
def test_a_pix_fmt_that_is_no_planar_yuv_is_refused(pix_fmt: str) -> None:
    with pytest.raises(InvalidOption, match="not a planar YUV"):
        chosen(pix_fmt=pix_fmt)


def test_a_pix_fmt_that_the_encoder_does_not_take_is_refused_with_the_choice() -> None:
    with pytest.raises(EncoderUnavailable, match="Choose one of yuv420p, yuv420p10le"):
        chosen(codec="av1", pix_fmt="yuv444p")


def test_an_encoder_that_would_lose_chroma_is_refused() -> None:
    with pytest.raises(EncoderUnavailable, match=r"cannot keep 4:4:4 at 8 bits"):
        chosen(codec="av1", layout=Layout(8, 0, 0))


def test_an_encoder_that_needs_more_gets_more_and_says_so() -> None:
    encoder = chosen("mov", codec="prores")
    assert encoder.layout == Layout(10, 1, 0)
    assert "4:2:2 at 10 bits" in encoder.notes[0]


def test_gray_stays_gray_for_the_upscaler() -> None:
    assert chosen(layout=GRAY).pix_fmt == "gray"
    encoder = chosen(codec="av1", layout=GRAY)
    assert encoder.pix_fmt == "yuv420p"
    assert encoder.layout == GRAY
    assert "neutral chroma" in encoder.notes[0]


@pytest.mark.parametrize(
    ("container", "layout", "name", "pix_fmt"),
    [
        ("mp4", Layout(12), "libx265", "yuv420p12le"),
        ("matroska", Layout(12, 0, 0), "libx265", "yuv444p12le"),
        ("mov", Layout(16, 1, 0), "libx265", "yuv422p12le"),
        ("webm", Layout(12), "libsvtav1", "yuv420p10le"),
        ("mp4", Layout(9), "libx265", "yuv420p10le"),
        ("matroska", Layout(16, 0, 0, is_gray=True), "libx265", "gray12le"),
    ],
)
def test_auto_keeps_as_many_bits_as_the_container_allows(
    container: str, layout: Layout, name: str, pix_fmt: str
) -> None:
    encoder = chosen(container, layout=layout)
    assert (encoder.name, encoder.pix_fmt) == (name, pix_fmt)
    is_less = encoder.layout.bits < layout.bits
    said = f"{encoder.layout.bits} bits instead of {layout.bits}. Choose --codec ffv1, into .mkv"
    assert (said in " ".join(encoder.losses)) == is_less


def test_a_lossless_codec_keeps_sixteen_bits() -> None:
    encoder = chosen("matroska", codec="ffv1", layout=Layout(16, 1, 0))
    assert (encoder.pix_fmt, encoder.losses) == ("yuv422p16le", ())


def test_low_bits_given_up_by_wish_are_no_loss() -> None:
    encoder = chosen(codec="hevc", layout=Layout(12), pix_fmt="yuv420p10le")
    assert (encoder.layout, encoder.losses) == (Layout(10), ())


@pytest.mark.parametrize("codec", ["vp9", "h264"])
def test_no_depth_becomes_eight_bits_by_itself(codec: str) -> None:
    if codec == "h264":
        assert chosen("matroska", codec=codec, layout=Layout(12)).pix_fmt == "yuv420p10le"
    else:
        with pytest.raises(EncoderUnavailable, match="cannot keep 4:2:0 at 12 bits"):
            chosen("webm", codec=codec, layout=Layout(12))
