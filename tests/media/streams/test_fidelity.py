"""What of the video cannot reach the output is reported before the start."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import host_frame, write_clip
from tests.media.written import HDR, encoder_for, video_of, write_segment
from vsr.colour import Colour, Siting
from vsr.media.frames.formats import reading_of
from vsr.media.reading.probe import probe
from vsr.media.source.info import MediaInfo
from vsr.media.streams.losses_before_start import losses_of, sitings_of


@pytest.fixture
def source(tmp_path: Path) -> MediaInfo:
    return probe(write_clip(tmp_path / "in.mp4", frames=3))


def lost(
    source: MediaInfo, codec: str, container: str, sar: Fraction = Fraction(1), **video: object
) -> str:
    info = replace(source.video, **video)  # type: ignore[arg-type]  # the fields under test
    output = replace(video_of(replace(source, video=info)), sar=sar)
    found = losses_of(info, output, encoder_for(codec, info.layout), container)
    return " ".join(map(str, found))


def test_a_plain_clip_loses_nothing(source: MediaInfo) -> None:
    for codec in ("h264", "hevc", "av1", "ffv1"):
        assert lost(source, codec, "matroska") == ""


@pytest.mark.parametrize(
    ("pix_fmt", "said"),
    [
        ("bgr0", "with the BT.709 matrix."),
        ("p016le", ""),
        ("nv12", ""),
        ("yuv411p", ""),
    ],
)
def test_pixels_that_lose_more_than_their_arrangement_are_a_loss(
    source: MediaInfo, pix_fmt: str, said: str
) -> None:
    reading = reading_of(pix_fmt)
    assert reading is not None
    text = lost(
        source,
        "ffv1",
        "matroska",
        pix_fmt=pix_fmt,
        layout=reading.layout,
        conversion=reading.conversion,
    )
    assert text.endswith(said) if said else text == ""


def test_side_data_that_cannot_be_carried_is_named(source: MediaInfo) -> None:
    assert "HDR10+ cannot be carried" in lost(source, "h264", "mp4", unsupported=("HDR10+",))


@pytest.mark.parametrize(("codec", "is_lost"), [("hevc", False), ("av1", False), ("ffv1", True)])
def test_hdr10_needs_an_encoder_that_writes_it(
    source: MediaInfo, codec: str, is_lost: bool
) -> None:
    assert ("HDR10 metadata, which is lost" in lost(source, codec, "mp4", hdr=HDR)) == is_lost


@pytest.mark.parametrize(("codec", "is_lost"), [("h264", False), ("av1", False), ("ffv1", True)])
def test_captions_need_a_codec_that_holds_them(
    source: MediaInfo, codec: str, is_lost: bool
) -> None:
    assert ("closed captions" in lost(source, codec, "mp4", has_captions=True)) == is_lost


@pytest.mark.parametrize(
    ("codec", "container", "is_lost"),
    [
        ("h264", "matroska", False),
        ("hevc", "mpegts", False),
        ("av1", "mp4", False),
        ("av1", "matroska", True),
        ("vp9", "webm", True),
        ("ffv1", "matroska", True),
    ],
)
def test_the_shape_of_pixels_is_lost_where_nothing_says_it(
    source: MediaInfo, codec: str, container: str, is_lost: bool
) -> None:
    said = lost(source, codec, container, sar=Fraction(4, 3))
    assert ("the pixel aspect ratio (4:3) is lost" in said) == is_lost


@pytest.mark.parametrize("siting", list(Siting), ids=lambda siting: siting.name)
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "ffv1"])
def test_what_is_said_of_chroma_siting_is_true(
    tmp_path: Path, source: MediaInfo, codec: str, siting: Siting
) -> None:
    colour = Colour(siting=siting)
    encoder = encoder_for(codec, colour=colour)
    video = replace(video_of(source), colour=colour)
    frames = [replace(host_frame(index), pts=index * 512) for index in range(2)]
    read = probe(write_segment(tmp_path / "a.nut", frames, encoder, video)).video.colour.siting
    as_players_do = {Siting.UNSPECIFIED: Siting.LEFT}
    is_kept = as_players_do.get(read, read) == as_players_do.get(siting, siting)
    assert is_kept == (siting in sitings_of(encoder))
    assert is_kept != ("chroma siting" in lost(source, codec, "mp4", colour=colour))
