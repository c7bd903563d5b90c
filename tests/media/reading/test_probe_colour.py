"""The tags of colour, siting and HDR are read as they are; what is not tagged stays so."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import write_clip
from vsr.colour import UNSPECIFIED, Colour, Matrix, Range, Siting
from vsr.errors import UnreadableMedia
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.values import Size

MASTERING = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def test_colour_tags_are_read_as_they_are(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "tags.mp4", primaries=1, transfer=13, matrix=5, color_range=Range.FULL
    )
    expected = Colour(primaries=1, transfer=13, matrix=5, range=Range.FULL, siting=Siting.LEFT)
    assert probe(path).video.colour == expected


def test_what_is_not_tagged_stays_unspecified(tmp_path: Path) -> None:
    plain = write_clip(tmp_path / "plain.mkv", codec="ffv1", frames=2)
    assert probe(plain).video.colour == Colour()


@pytest.mark.parametrize(
    ("codec", "options"), [("libx264", "x264-params"), ("libx265", "x265-params")]
)
@pytest.mark.parametrize("siting", [Siting.LEFT, Siting.CENTER, Siting.TOP_LEFT, Siting.TOP])
def test_where_chroma_lies_is_read(
    tmp_path: Path, codec: str, options: str, siting: Siting
) -> None:
    tag = {options: f"chromaloc={siting - 1}"}
    path = write_clip(tmp_path / "sited.mp4", codec=codec, frames=2, options=tag)
    assert probe(path).video.colour.siting is siting


@pytest.mark.parametrize(
    ("codec", "suffix", "siting"),
    [
        ("mpeg1video", "mpg", Siting.CENTER),
        ("mpeg2video", "mpg", Siting.LEFT),
        ("libvpx-vp9", "webm", Siting.UNSPECIFIED),
        ("jpeg2000", "mov", Siting.CENTER),
    ],
)
def test_codecs_of_one_siting_have_it(
    tmp_path: Path, codec: str, suffix: str, siting: Siting
) -> None:
    path = write_clip(tmp_path / f"clip.{suffix}", codec=codec, frames=12)
    assert probe(path).video.colour.siting is siting


@pytest.mark.parametrize(
    ("pix_fmt", "size", "rate"),
    [("yuv411p", Size(720, 480), Fraction(30000, 1001)), ("yuv420p", Size(720, 576), Fraction(25))],
)
def test_dv_has_its_chroma_on_luma_although_matroska_cannot_hold_it(
    tmp_path: Path, pix_fmt: str, size: Size, rate: Fraction
) -> None:
    path = tmp_path / "clip.dv"
    write_clip(path, size=size, codec="dvvideo", pix_fmt=pix_fmt, frames=2, rate=rate)
    assert probe(path).video.colour.siting is Siting.TOP_LEFT


@pytest.mark.parametrize(
    ("name", "codec"), [("clip.3gp", "h263"), ("clip.flv", "flv"), ("clip.avi", "h261")]
)
def test_codecs_of_video_calls_and_old_phones_have_theirs_between_luma(
    tmp_path: Path, name: str, codec: str
) -> None:
    write_clip(tmp_path / name, size=Size(176, 144), codec=codec, frames=2, b_frames=0)
    assert probe(tmp_path / name).video.colour.siting is Siting.CENTER


def test_unsubsampled_chroma_has_no_siting(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "full.mkv", pix_fmt="yuv444p", frames=2)
    assert probe(path).video.colour.siting is Siting.UNSPECIFIED


def test_motion_jpeg_is_full_range_and_centre_sited(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "m.avi", codec="mjpeg", pix_fmt="yuvj420p", frames=2)
    colour = probe(path).video.colour
    assert (colour.range, colour.siting) == (Range.FULL, Siting.CENTER)


@pytest.mark.parametrize(
    ("tag", "siting"),
    [
        (b" C420mpeg2", Siting.LEFT),
        (b" C420jpeg", Siting.CENTER),
        (b" C420paldv", Siting.TOP_LEFT),
        (b"", Siting.CENTER),
        (b" C444", Siting.UNSPECIFIED),
    ],
)
def test_the_siting_of_y4m_is_read_from_its_header(
    tmp_path: Path, tag: bytes, siting: Siting
) -> None:
    path = tmp_path / "clip.y4m"
    picture = bytes(32 * 16 * 3 if b"444" in tag else 32 * 16 * 3 // 2)
    path.write_bytes(b"YUV4MPEG2 W32 H16 F25:1 Ip A1:1" + tag + b"\n" + b"FRAME\n" + picture)
    assert probe(path).video.colour.siting is siting


def write_tagged(path: Path, codec: str, pix_fmt: str, matrix: int = 9) -> Path:
    """Write a film whose container alone says BT.2020 and HLG."""
    plain = write_clip(path.with_stem("plain"), codec=codec, pix_fmt=pix_fmt, frames=3)
    with av.open(str(plain)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0], opaque=True)
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, 18, matrix
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("hevc.mkv", "libx265", "yuv420p10le"),
        ("hevc.mp4", "libx265", "yuv420p10le"),
        ("vp9.webm", "libvpx-vp9", "yuv420p"),
        ("prores.mov", "prores_ks", "yuv422p10le"),
        ("h264.mp4", "libx264", "yuv420p"),
    ],
)
def test_what_only_the_container_says_of_colour_counts(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    path = write_tagged(tmp_path / name, codec, pix_fmt)
    colour = probe(path).video.colour
    assert (colour.primaries, colour.transfer, colour.matrix) == (9, 18, 9)
    with Reader.open(path) as reader:
        assert {frame.colour for frame in reader.frames()} == {colour}
        assert not reader.damage.converted_frames


def test_a_matrix_of_the_container_that_cannot_be_is_ignored(tmp_path: Path) -> None:
    path = write_tagged(tmp_path / "rgb.mp4", "libx265", "yuv420p10le", matrix=8)
    assert probe(path).video.colour.matrix == UNSPECIFIED


def test_the_zeros_of_prores_are_unspecified(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mov", codec="prores_ks", pix_fmt="yuv422p10le", frames=2)
    path.write_bytes(
        re.sub(
            rb"(icpf.{14})\x02\x02\x02",
            lambda match: match[1] + bytes(3),
            path.read_bytes(),
            flags=re.DOTALL,
        )
    )
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).colorspace == Matrix.RGB
    colour = probe(path).video.colour
    assert (colour.primaries, colour.transfer, colour.matrix) == (UNSPECIFIED,) * 3


def test_an_unsupported_matrix_is_refused_at_once(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "ycgco.mkv", matrix=8, frames=2)
    with pytest.raises(UnreadableMedia, match=r"colour matrix 8 of H\.273 is not supported"):
        probe(path)


def test_hdr10_metadata_is_read_as_exact_fractions(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "hdr.mkv",
        codec="libx265",
        pix_fmt="yuv420p10le",
        frames=3,
        primaries=9,
        transfer=16,
        matrix=9,
        options={
            "x265-params": f"hdr10=1:repeat-headers=1:master-display={MASTERING}:max-cll=1000,400"
        },
    )
    hdr = probe(path).video.hdr
    assert hdr is not None
    assert hdr.mastering is not None
    assert hdr.light is not None
    assert hdr.mastering.green == (Fraction(13250, 50000), Fraction(34500, 50000))
    assert hdr.mastering.white == (Fraction(15635, 50000), Fraction(16450, 50000))
    assert (hdr.mastering.min_luminance, hdr.mastering.max_luminance) == (Fraction(1, 200), 1000)
    assert (hdr.light.max_content, hdr.light.max_frame_average) == (1000, 400)
