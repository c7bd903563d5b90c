"""A segment holds what was written, at the times that were given, or does not exist."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import host_frame, indices_in
from tests.media.written import HDR, SIZE, encoder_for, write_segment
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.errors import EncodingFailed, NoSpace
from vsr.frames import Extras, Layout
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.frames.tags import extras_of, side_data_of
from vsr.media.reading.probe import probe
from vsr.media.writing.segment_times import scan
from vsr.media.writing.writer import Writer

TICKS = Fraction(1, 90_000)
VIDEO = OutputVideo(size=SIZE, time_base=TICKS, frame_rate=Fraction(24_000, 1001))
CODECS = ["h264", "hevc", "av1", "vp9", "ffv1", "prores"]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("start", [0, 135_000, -4_004])
def test_every_picture_is_there_at_its_exact_time(tmp_path: Path, codec: str, start: int) -> None:
    encoder = encoder_for(codec)
    times = [start + index * 3003 + (index * index) % 89 for index in range(24)]
    frames = [replace(host_frame(i, layout=encoder.layout), pts=t) for i, t in enumerate(times)]
    path = write_segment(tmp_path / "000000.nut", frames, encoder, VIDEO)
    assert indices_in(path) == list(range(24))
    assert list(scan(path, TICKS).times) == times


@pytest.mark.parametrize(
    "time_base",
    [Fraction(1, 1000), Fraction(1001, 24_000), Fraction(1, 1_000_000_000), Fraction(1, 600)],
    ids=str,
)
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "ffv1"])
def test_every_time_base_is_exact(tmp_path: Path, codec: str, time_base: Fraction) -> None:
    encoder = encoder_for(codec)
    step = max(1, round(Fraction(1, 25) / time_base))
    times = [7 + index * step for index in range(8)]
    frames = [replace(host_frame(i), pts=t) for i, t in enumerate(times)]
    video = replace(VIDEO, time_base=time_base, frame_rate=None)
    path = write_segment(tmp_path / "a.nut", frames, encoder, video)
    assert list(scan(path, time_base).times) == times


def test_a_single_picture_makes_a_segment(tmp_path: Path) -> None:
    assert indices_in(write_segment(tmp_path / "a.nut", 1)) == [0]


@pytest.mark.parametrize(
    ("codec", "layout"),
    [
        ("h264", Layout(8, 0, 0)),
        ("hevc", Layout(10)),
        ("hevc", Layout(10, 1, 0)),
        ("hevc", Layout(10, 0, 0)),
        ("hevc", Layout(10, 0, 0, is_gray=True)),
        ("av1", Layout(10)),
        ("vp9", Layout(8, 0, 0)),
        ("ffv1", Layout(10, 0, 0)),
    ],
)
def test_depth_and_chroma_are_kept(tmp_path: Path, codec: str, layout: Layout) -> None:
    encoder = encoder_for(codec, layout)
    frames = [host_frame(index, layout=layout) for index in range(6)]
    path = write_segment(tmp_path / "a.nut", frames, encoder)
    assert indices_in(path) == list(range(6))
    assert probe(path).video.layout == layout


def test_lossless_pictures_come_back_bit_for_bit(tmp_path: Path) -> None:
    layout = Layout(10, 1, 0)
    frames = [host_frame(index, layout=layout) for index in range(3)]
    path = write_segment(tmp_path / "a.nut", frames, encoder_for("ffv1", layout))
    with av.open(str(path)) as container:
        for frame, decoded in zip(frames, container.decode(video=0), strict=True):
            for plane, got in zip(frame.planes, decoded.planes, strict=True):
                rows = np.frombuffer(memoryview(got), np.uint16).reshape(-1, got.line_size // 2)
                np.testing.assert_array_equal(rows[: got.height, : got.width], plane)


def test_strided_planes_are_written_as_they_look(tmp_path: Path) -> None:
    frame = host_frame(5)
    wide = [np.zeros((plane.shape[0], plane.shape[1] + 13), np.uint8) for plane in frame.planes]
    for plane, around in zip(frame.planes, wide, strict=True):
        around[:, : plane.shape[1]] = plane
    views = tuple(around[:, : plane.shape[1]] for plane, around in zip(frame.planes, wide))
    path = write_segment(tmp_path / "a.nut", [replace(frame, planes=views)], encoder_for("ffv1"))
    assert indices_in(path) == [5]


def test_gray_gets_neutral_chroma_where_the_encoder_has_no_gray(tmp_path: Path) -> None:
    gray = Layout(8, 0, 0, is_gray=True)
    encoder = encoder_for("av1", gray)
    path = write_segment(tmp_path / "a.nut", [host_frame(3, layout=gray)], encoder)
    assert indices_in(path) == [3]
    with av.open(str(path)) as container:
        chroma = next(container.decode(video=0)).planes[1]
        assert abs(np.frombuffer(memoryview(chroma), np.uint8)[:10].astype(int) - 128).max() <= 1


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_colour_tags_are_in_the_stream(tmp_path: Path, codec: str) -> None:
    colour = Colour(primaries=9, transfer=16, matrix=Matrix.BT2020_NCL, range=Range.FULL)
    video = replace(VIDEO, colour=colour)
    frames = [replace(host_frame(index), colour=colour) for index in range(3)]
    path = write_segment(tmp_path / "a.nut", frames, encoder_for(codec, colour=colour), video)
    assert replace(probe(path).video.colour, siting=Siting.UNSPECIFIED) == colour


def test_colour_tags_are_in_the_frames_of_prores(tmp_path: Path) -> None:
    colour = Colour(primaries=9, transfer=18, matrix=Matrix.BT2020_NCL, range=Range.LIMITED)
    layout = Layout(10, 1, 0)
    encoder = encoder_for("prores", layout, colour=colour)
    frames = [host_frame(index, layout=layout) for index in range(2)]
    path = write_segment(tmp_path / "a.mov", frames, encoder, replace(VIDEO, colour=colour))
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert (frame.color_primaries, frame.color_trc, frame.colorspace) == (9, 18, 9)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_unknown_colour_stays_unknown(tmp_path: Path, codec: str) -> None:
    colour = probe(write_segment(tmp_path / "a.nut", 3, encoder_for(codec))).video.colour
    assert (colour.primaries, colour.transfer, colour.matrix) == (2, 2, 2)
    assert colour.range is not Range.FULL


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_hdr10_metadata_is_in_the_stream(tmp_path: Path, codec: str) -> None:
    encoder = encoder_for(codec, Layout(10))
    frames = [host_frame(index, layout=Layout(10)) for index in range(3)]
    path = write_segment(tmp_path / "a.nut", frames, encoder, replace(VIDEO, hdr=HDR))
    read = probe(path).video.hdr
    assert read is not None
    assert read.light == HDR.light
    assert read.mastering is not None
    assert HDR.mastering is not None
    for name in ("red", "green", "blue", "white"):
        for got, wanted in zip(
            getattr(read.mastering, name), getattr(HDR.mastering, name), strict=True
        ):
            assert float(got) == pytest.approx(float(wanted), abs=2e-5)
    assert float(read.mastering.max_luminance) == pytest.approx(1000, abs=0.01)
    assert float(read.mastering.min_luminance) == pytest.approx(0.005, abs=1e-4)


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_closed_captions_stay_with_their_pictures(tmp_path: Path, codec: str) -> None:
    captions = {2: b"\xfc\x94\x2c", 5: b"\xfc\x00\x00\xfd\x00\x01", 9: b"\xfc\x80\x80" * 31}
    frames = [
        replace(host_frame(index), extras=Extras(captions=captions.get(index)))
        for index in range(12)
    ]
    path = write_segment(tmp_path / "a.nut", frames, encoder_for(codec, encoder_preset="medium"))
    with av.open(str(path)) as container:
        read = [extras_of(side_data_of(frame)).captions for frame in container.decode(video=0)]
    assert {index: data for index, data in enumerate(read) if data} == captions
    assert indices_in(path) == list(range(12))


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_the_same_pictures_give_the_same_bytes(tmp_path: Path, codec: str) -> None:
    encoder = encoder_for(codec, encoder_preset="medium")
    one, other = (write_segment(tmp_path / f"{run}.nut", 24, encoder) for run in range(2))
    pairs = enumerate(zip(packets_of(one), packets_of(other), strict=True))
    assert [place for place, (packet, same) in pairs if packet != same] == []
    assert one.read_bytes() == other.read_bytes()


def packets_of(path: Path) -> list[tuple[int | None, int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(packet.pts, packet.dts, bytes(packet)) for packet in container.demux(video=0)]


def test_a_segment_has_no_name_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "000000.nut"
    with Writer.create(path, VIDEO, encoder_for()) as writer:
        for index in range(3):
            writer.write(replace(host_frame(index), pts=index * 3003))
        assert not path.exists()
        assert [one.name for one in tmp_path.iterdir()] == ["000000.nut.part"]
    assert [one.name for one in tmp_path.iterdir()] == ["000000.nut"]


def test_a_failed_segment_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with Writer.create(tmp_path / "a.nut", VIDEO, encoder_for()) as writer:
            writer.write(host_frame(0))
            raise RuntimeError("the network broke")

    with pytest.raises(RuntimeError, match="the network broke"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_segment_without_a_picture_is_an_empty_file(tmp_path: Path) -> None:
    assert write_segment(tmp_path / "a.nut", 0).read_bytes() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["a.nut"]


def test_a_missing_folder_is_an_error_with_a_name(tmp_path: Path) -> None:
    with pytest.raises(EncodingFailed, match=r"a\.nut\.part: could not be written"):
        write_segment(tmp_path / "missing" / "a.nut")


def test_times_that_do_not_rise_are_an_error(tmp_path: Path) -> None:
    frames = [replace(host_frame(index), pts=5) for index in range(3)]
    with pytest.raises(EncodingFailed):
        write_segment(tmp_path / "a.nut", frames, encoder_for("ffv1"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "a.nut.part").symlink_to("/dev/full")
    with pytest.raises(NoSpace, match="the disk is full"):
        write_segment(tmp_path / "a.nut", 40, encoder_for("ffv1"))
    assert not (tmp_path / "a.nut").exists()


@pytest.mark.parametrize("name", ["with space", "quote'\"", "new\nline", "ünïcödé", "-dash", "a:b"])
def test_any_name_of_a_folder_works(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert indices_in(write_segment(tmp_path / name / "a.nut", 2)) == [0, 1]
