"""Everything in a file is found: streams, times, orientation, fields."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from av.stream import Disposition
from PIL import Image

from tests.clips import Attachment, Audio, Subtitle, write_clip
from tests.composed import side_by_side, write_captioned
from tests.media.written import encoder_for
from vsr.media.clock import Timing
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.streams.losses_before_start import losses_of
from vsr.values import Size


def test_everything_in_a_file_is_found(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "full.mkv",
        frames=30,
        audio=[Audio(), Audio(codec="libopus", language="deu", title="Kommentar")],
        subtitles=[Subtitle(), Subtitle(codec="ass", language="fra")],
        attachments=[Attachment()],
        chapters=[(0, 0.5, "one"), (0.5, 1.2, "two")],
        metadata={"title": "A clip"},
        sar=Fraction(4, 3),
    )
    info = probe(path)
    assert [(item.kind, item.codec, item.language, item.title) for item in info.others] == [
        ("audio", "aac", "eng", None),
        ("audio", "opus", "deu", "Kommentar"),
        ("subtitle", "subrip", "eng", None),
        ("subtitle", "ass", "fra", None),
        ("attachment", "font.ttf", None, None),
    ]
    assert (len(info.chapters), info.metadata["title"], info.missing_bytes) == (2, "A clip", 0)
    assert info.format_name == "matroska,webm"
    assert (info.video.codec, info.video.pix_fmt) == ("h264", "yuv420p")
    assert (info.video.size, info.video.sar) == (Size(96, 64), Fraction(4, 3))
    assert info.video.timing is Timing.GIVEN
    assert info.video.conversion is None


def test_times_and_rates_are_exact(tmp_path: Path) -> None:
    video = probe(write_clip(tmp_path / "film.mp4", rate=Fraction(24000, 1001), frames=24)).video
    assert video.frame_rate == Fraction(24000, 1001)
    assert (video.time_base * video.frame_rate).numerator == 1
    assert (video.start_pts, video.frames_in_header) == (0, 24)
    assert video.duration_seconds == pytest.approx(1.001)


def test_a_late_start_is_kept(tmp_path: Path) -> None:
    late = [1500 + 40 * index for index in range(5)]
    path = write_clip(tmp_path / "late.mkv", time_base=Fraction(1, 1000), pts=late, frames=5)
    assert probe(path).video.start_pts == 1500


def test_side_data_that_av_does_not_know_does_not_hide_what_comes_before_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (48, 32)).save(tmp_path / "a.jpg", exif=exif)
    matrix = probe(tmp_path / "a.jpg").video.display_matrix  # FFmpeg tells EXIF, av 18.1 not
    assert matrix is not None
    assert [abs(value) for value in matrix[:2]] == [0, 65536]
    with Reader.open(tmp_path / "a.jpg") as reader:
        assert len(list(reader.frames())) == 1


def test_rotation_and_flips_are_read_whole(tmp_path: Path) -> None:
    turned = write_clip(tmp_path / "turned.mp4", rotation=90, frames=2)
    flipped = write_clip(tmp_path / "flipped.mp4", rotation=90, is_flipped=True, frames=2)
    one = 65536
    matrix = probe(turned).video.display_matrix
    assert matrix is not None
    assert [abs(value) for value in matrix] == [0, one, 0, one, 0, 0, 0, 0, 1 << 30]
    assert probe(flipped).video.display_matrix not in (matrix, None)
    assert probe(write_clip(tmp_path / "upright.mp4", frames=2)).video.display_matrix is None


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
@pytest.mark.parametrize("is_top", [True, False])
def test_interlacing_and_its_field_order_are_seen(tmp_path: Path, codec: str, is_top: bool) -> None:
    video = probe(
        write_clip(tmp_path / "i.mkv", is_interlaced=True, is_top_first=is_top, codec=codec)
    ).video
    assert (video.is_interlaced, video.is_top_field_first) == (True, is_top)
    assert not probe(write_clip(tmp_path / "p.mkv")).video.is_interlaced


def test_closed_captions_are_noticed(tmp_path: Path) -> None:
    write_captioned(tmp_path / "captioned.h264")
    assert probe(tmp_path / "captioned.h264").video.has_captions
    assert not probe(tmp_path / "captioned.bare.h264").video.has_captions


def test_the_default_video_is_chosen_before_the_larger_one(tmp_path: Path) -> None:
    small = write_clip(tmp_path / "small.mkv", frames=3)
    large = write_clip(tmp_path / "large.mkv", frames=3, size=Size(128, 96))
    both = side_by_side(tmp_path / "a.mkv", [large, small], [Disposition(0), Disposition.default])
    assert probe(both).video.size == Size(96, 64)
    neither = side_by_side(tmp_path / "b.mkv", [small, large], [Disposition(0), Disposition(0)])
    assert probe(neither).video.size == Size(128, 96)
    assert [item.kind for item in probe(neither).others] == ["video"]


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    cover = write_clip(
        tmp_path / "cover.mkv", codec="mjpeg", pix_fmt="yuvj420p", frames=1, size=Size(640, 480)
    )
    clip = write_clip(tmp_path / "clip.mkv", frames=3, audio=[Audio()])
    path = side_by_side(tmp_path / "art.mp4", [cover, clip], [Disposition.attached_pic])
    info = probe(path)
    assert info.video.size == Size(96, 64)
    assert [item.is_cover_art for item in info.others if item.kind == "video"] == [True]


@pytest.mark.parametrize(
    "name", ["a b'\"c.mkv", "-y.mkv", "new\nline.mkv", "ünïcödé.mkv", "http:x.mkv", "%03d.mkv"]
)
def test_any_file_name_opens(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "plain.mkv", frames=2).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert probe(Path(name)).video.size == Size(96, 64)


def test_metadata_that_is_no_utf8_does_not_matter(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "latin.mkv", frames=2, metadata={"comment": "caf@"})
    path.write_bytes(path.read_bytes().replace(b"caf@", b"caf\xe9"))
    assert probe(path).metadata["COMMENT"] == "caf"


@pytest.mark.parametrize(("suffix", "options"), [("mkv", {}), ("mp4", {"movflags": "+faststart"})])
def test_a_file_that_ends_early_says_how_much_is_missing(
    tmp_path: Path, suffix: str, options: dict[str, str]
) -> None:
    path = write_clip(tmp_path / f"clip.{suffix}", container_options=options)
    whole = path.read_bytes()
    assert probe(path).missing_bytes == 0
    path.write_bytes(whole[: len(whole) - 1000])
    assert probe(path).missing_bytes == 1000


def test_missing_times_are_said(tmp_path: Path) -> None:
    raw = write_clip(tmp_path / "raw.h264", b_frames=2)
    assert probe(raw).video.timing is Timing.FRAME_RATE
    avi = write_clip(tmp_path / "old.avi", b_frames=2)
    assert probe(avi).video.timing is Timing.DECODING_ORDER


def test_the_second_view_of_mv_hevc_is_said_to_be_lost(tmp_path: Path) -> None:
    """As a phone films it: the sample entry of the first view, with a box for the second."""
    path = write_clip(tmp_path / "in.mov", codec="libx265", frames=3)
    assert probe(path).video.unsupported == ()
    data = path.read_bytes()
    box = (16).to_bytes(4, "big") + b"lhvC" + bytes(8)
    place = data.index(b"hvcC") - 4
    grown = bytearray(data[:place] + box + data[place:])
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hev1"):
        at = data.index(kind) - 4
        grown[at : at + 4] = (int.from_bytes(grown[at : at + 4], "big") + len(box)).to_bytes(
            4, "big"
        )
    path.write_bytes(grown)
    video = probe(path).video
    assert video.unsupported == ("the second view (MV-HEVC)",)
    output = OutputVideo(size=video.size, time_base=video.time_base)
    (loss,) = losses_of(video, output, encoder_for("hevc", video.layout), "mp4")
    assert (str(loss), loss.is_content) == (
        "the second view (MV-HEVC) cannot be carried and is lost.",
        True,
    )
