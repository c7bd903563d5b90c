"""The metadata of a file and of its pictures is in the joined file too."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import (
    Audio,
    host_frame,
    indices_in,
    write_clip,
)
from tests.media.written import (
    CONTAINERS,
    HDR,
    SIZE,
    carry,
    encoder_for,
    write_segment,
)
from vsr.colour import Colour, Matrix, Range
from vsr.frames import Layout
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.reading.probe import probe
from vsr.media.streams.streams import plan_streams
from vsr.media.writing.join import join


def test_metadata_is_kept_but_not_what_no_longer_holds(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mp4", frames=5, metadata={"title": "A film", "comment": "Great"}
    )
    carry(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.metadata["title"] == "A film"
        assert {key.lower(): value for key, value in container.metadata.items()}[
            "comment"
        ] == "Great"
        assert "major_brand" not in container.metadata


@pytest.mark.parametrize("suffix", [*CONTAINERS, "webm", "nut"])
@pytest.mark.parametrize("mine", [{"comment": "mine"}, {"title": "A film", "mood": "mine"}])
def test_the_file_says_what_made_it_and_keeps_what_it_said(
    tmp_path: Path, suffix: str, mine: dict[str, str]
) -> None:
    tags = {"encoder": "another program", **mine}
    source = write_clip(tmp_path / "in.mkv", frames=3, metadata=tags)
    made_by = "vsr 0.1.0: fast ×4, strength 0.60, sharpness 0.60"
    codec = "vp9" if suffix == "webm" else "h264"
    carry(source, tmp_path / f"out.{suffix}", codec=codec, made_by=made_by)
    with av.open(str(tmp_path / f"out.{suffix}")) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
        track = {k.lower(): v for k, v in container.streams.video[0].metadata.items()}
    is_short = suffix in ("mp4", "mov")
    assert track["encoder"] == ("vsr 0.1.0: fast x4, strength" if is_short else made_by)
    if suffix == "mp4":
        assert made_by in (tags.get("encoder"), tags.get("encoding_tool"))
    assert {key: tags.get(key) for key in mine} == mine
    assert "another program" not in (*tags.values(), *track.values())


def test_a_transparency_that_is_lost_is_not_promised(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.webm", frames=3, codec="libvpx-vp9", pix_fmt="yuva420p")
    carry(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        keys = {key.lower() for key in container.streams.video[0].metadata}
    assert "alpha_mode" not in keys


def test_the_video_stream_keeps_its_own_metadata(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=5, title="Director's cut")
    carry(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        (video,) = container.streams.video
        assert video.metadata["title"] == "Director's cut"


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_the_titles_of_tracks_are_kept_from_mp4(tmp_path: Path, suffix: str) -> None:
    source = write_clip(
        tmp_path / "in.mp4", frames=5, title="Director's cut", audio=[Audio(title="Commentary")]
    )
    carry(source, tmp_path / f"out.{suffix}")
    titles = [item.title for item in probe(tmp_path / f"out.{suffix}").others]
    assert titles == ["Commentary"]
    with av.open(str(tmp_path / f"out.{suffix}")) as container:
        (video,) = container.streams.video
        kept = video.metadata.get("title") or video.metadata.get("name")
    assert kept == "Director's cut"


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize(("rotation", "is_flipped"), [(90, False), (180, False), (270, True)])
def test_rotation_with_its_flip_is_kept(
    tmp_path: Path, suffix: str, rotation: int, is_flipped: bool
) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=5, rotation=rotation, is_flipped=is_flipped)
    carry(source, tmp_path / f"out.{suffix}")
    wanted = probe(source).video.display_matrix
    assert wanted is not None
    assert probe(tmp_path / f"out.{suffix}").video.display_matrix == wanted


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("h264", "mp4"), ("h264", "mkv"), ("hevc", "mkv"), ("av1", "mp4"), ("hevc", "mov")],
)
def test_the_shape_of_pixels_is_kept(tmp_path: Path, codec: str, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=5, sar=Fraction(4, 3))
    carry(source, tmp_path / f"out.{suffix}", codec=codec)
    assert probe(tmp_path / f"out.{suffix}").video.sar == Fraction(4, 3)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_hdr10_is_kept(tmp_path: Path, codec: str, suffix: str) -> None:
    layout = Layout(10)
    colour = Colour(primaries=9, transfer=16, matrix=Matrix.BT2020_NCL, range=Range.LIMITED)
    video = OutputVideo(
        size=SIZE, time_base=Fraction(1, 25), frame_rate=Fraction(25), colour=colour, hdr=HDR
    )
    frames = [replace(host_frame(index, layout=layout), colour=colour) for index in range(6)]
    segment = write_segment(tmp_path / "0.nut", frames, encoder_for(codec, layout, colour), video)
    source = probe(write_clip(tmp_path / "in.mkv", frames=6))
    container = "matroska" if suffix == "mkv" else suffix
    target = tmp_path / f"out.{suffix}"
    join([segment], source, plan_streams(source, container), target, video)
    read = probe(target).video
    assert read.hdr is not None
    assert read.hdr.light == HDR.light
    assert read.hdr.mastering is not None
    assert float(read.hdr.mastering.max_luminance) == pytest.approx(1000, abs=0.01)
    assert replace(read.colour, siting=colour.siting) == colour


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_hevc_carries_the_code_that_apple_knows(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=5)
    carry(source, tmp_path / f"out.{suffix}", codec="hevc")
    with av.open(str(tmp_path / f"out.{suffix}")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


PROFILES = [
    ("proxy", "apco"), ("lt", "apcs"), ("standard", "apcn"), ("hq", "apch"), ("4444", "ap4h"),
    ("4444xq", "ap4x"),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "tag"), PROFILES)
@pytest.mark.parametrize("suffix", ["mov", "mkv"])
def test_prores_says_its_profile(tmp_path: Path, profile: str, tag: str, suffix: str) -> None:
    layout = Layout(10, 0, 0) if profile.startswith("4444") else Layout(10, 1, 0)
    encoder = encoder_for("prores", layout, options={"profile": profile})
    frames = [host_frame(index, layout=layout) for index in range(2)]
    segment = write_segment(tmp_path / "0.mov", frames, encoder)
    source = probe(write_clip(tmp_path / "in.mkv", frames=2))
    container = "matroska" if suffix == "mkv" else suffix
    target = tmp_path / f"out.{suffix}"
    video = OutputVideo(size=SIZE, time_base=Fraction(1, 25), frame_rate=Fraction(25))
    join([segment], source, plan_streams(source, container), target, video)
    with av.open(str(target)) as written:
        assert written.streams.video[0].codec_context.codec_tag == tag


def test_faststart_puts_the_index_first(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=5)
    target = tmp_path / "out.mp4"
    carry(source, target, options=[("movflags", "+faststart")])
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert indices_in(target) == list(range(5))
