"""Segments and the other streams of the source become one file; nothing is lost or moved."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from tests.clips import (
    Attachment,
    Audio,
    Subtitle,
    host_frame,
    indices_in,
    times_in,
    write_clip,
)
from tests.media.pictures import with_cover_art, with_time_code
from tests.media.test_writer import HDR
from tests.media.written import (
    SIZE,
    carry,
    encoder_for,
    packets_in,
    video_of,
    write_segment,
)
from vsr.colour import Colour, Matrix, Range
from vsr.errors import EncodingFailed, NoSpace
from vsr.frames import Layout
from vsr.media.join import join
from vsr.media.probe import probe
from vsr.media.reader import Reader
from vsr.media.streams import plan_streams
from vsr.media.verify import Expected, verify
from vsr.media.writer import OutputVideo
from vsr.specs import TimeRange

VFR = [0, 3000, 9000, 9090, 12_000, 30_000, 30_001, 45_000, 60_000, 90_000] + [
    90_000 + 4000 * index + (index * 7919) % 1500 for index in range(1, 39)
]
CONTAINERS = ["mp4", "mov", "mkv"]


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_every_picture_is_there_at_its_time(tmp_path: Path, codec: str, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=48, b_frames=3)
    target = tmp_path / f"out.{suffix}"
    carry(source, target, codec=codec)
    assert indices_in(target) == list(range(48))
    assert times_in(target) == times_in(source)


@pytest.mark.parametrize(("codec", "suffix"), [("av1", "webm"), ("av1", "mp4"), ("vp9", "webm")])
def test_webm_and_av1_likewise(tmp_path: Path, codec: str, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=20)
    target = tmp_path / f"out.{suffix}"
    carry(source, target, codec=codec)
    assert indices_in(target) == list(range(20))
    assert times_in(target) == times_in(source)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("suffix", ["ts", "nut"])
def test_streaming_containers_likewise_after_one_offset(
    tmp_path: Path, codec: str, suffix: str
) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=30, audio=[Audio()])
    target = tmp_path / f"out.{suffix}"
    plan, joined = carry(source, target, codec=codec, frames_per_segment=8)
    verify(target, Expected.of(joined, plan, SIZE))
    assert indices_in(target) == list(range(30))
    assert len({a - b for a, b in zip(times_in(target), times_in(source), strict=True)}) == 1


@pytest.mark.parametrize("codec", ["ffv1", "prores"])
def test_studio_codecs_likewise(tmp_path: Path, codec: str) -> None:
    layout = Layout(10, 1, 0)
    source = write_clip(
        tmp_path / "in.mkv", frames=20, codec="libx265", pix_fmt="yuv422p10le", b_frames=0
    )
    target = tmp_path / ("out.mkv" if codec == "ffv1" else "out.mov")
    carry(source, target, codec=codec, frames_per_segment=6)
    assert indices_in(target) == list(range(20))
    assert times_in(target) == times_in(source)
    assert probe(target).video.layout == layout


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_variable_frame_rate_is_exact_to_the_tick(tmp_path: Path, codec: str) -> None:
    source = write_clip(
        tmp_path / "in.mp4", frames=48, pts=VFR, time_base=Fraction(1, 90_000), b_frames=2
    )
    target = tmp_path / "out.mp4"
    carry(source, target, codec=codec)
    assert times_in(target) == times_in(source) == [Fraction(pts, 90_000) for pts in VFR]


def test_matroska_rounds_times_to_its_milliseconds_and_no_more(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=48, rate=Fraction(24_000, 1001))
    target = tmp_path / "out.mkv"
    carry(source, target)
    errors = [abs(a - b) for a, b in zip(times_in(target), times_in(source), strict=True)]
    assert max(errors) <= Fraction(1, 2000)


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_a_late_start_stays_late(tmp_path: Path, suffix: str) -> None:
    pts = [37 + index for index in range(20)]
    source = write_clip(tmp_path / "in.mkv", frames=20, pts=pts, audio=[Audio(seconds=2.2)])
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    sound = packets_in(source, "audio")[0][0] - packets_in(target, "audio")[0][0]
    shift = times_in(source)[0] - times_in(target)[0]
    assert abs(shift - sound) <= Fraction(1, 1000)


def test_decoding_times_rise_and_never_pass_presentation(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mkv",
        frames=48,
        pts=[v // 90 for v in VFR[:6]] + [500 + 40 * index for index in range(42)],
        time_base=Fraction(1, 1000),
    )
    target = tmp_path / "out.mp4"
    carry(source, target, codec="hevc", frames_per_segment=12)
    with av.open(str(target)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    dts = [packet.dts for packet in packets]
    assert dts == sorted(set(dts))
    assert all(packet.dts <= packet.pts for packet in packets)


def test_segments_decode_to_the_same_pictures_as_one(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=40)
    for frames in (7, 16, 1000):
        target = tmp_path / f"out{frames}.mkv"
        carry(source, target, codec="ffv1", frames_per_segment=frames)
    contents = [
        [bytes(plane) for frame in av.open(str(path)).decode(video=0) for plane in frame.planes]
        for path in sorted(tmp_path.glob("out*.mkv"))
    ]
    assert contents[0] == contents[1] == contents[2]


def test_every_sound_track_is_byte_exact_and_keeps_its_place(tmp_path: Path) -> None:
    audio = [
        Audio(language="eng", title="Main"),
        Audio(codec="ac3", language="deu"),
        Audio(codec="flac", language="fra"),
    ]
    source = write_clip(tmp_path / "in.mkv", frames=30, audio=audio)
    target = tmp_path / "out.mkv"
    carry(source, target)
    with av.open(str(target)) as container:
        assert [one.language for one in container.streams.audio] == ["eng", "deu", "fra"]
        assert container.streams.audio[0].metadata["title"] == "Main"
    for index in range(3):
        got, wanted = packets_in(target, "audio", index), packets_in(source, "audio", index)
        assert [data for _, data in got] == [data for _, data in wanted]
        assert {a - b for (a, _), (b, _) in zip(got, wanted)} == {got[0][0] - wanted[0][0]}


def test_dispositions_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    made = write_clip(tmp_path / "made.mkv", frames=10, audio=[Audio(), Audio()])
    with av.open(str(made)) as origin, av.open(str(source), "w") as output:
        streams = [
            output.add_stream_from_template(stream, opaque=True) for stream in origin.streams
        ]
        streams[1].disposition = Disposition.comment
        streams[2].disposition = Disposition.default | Disposition.visual_impaired
        for packet in origin.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)
    carry(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        first, second = container.streams.audio
        assert first.disposition & Disposition.comment
        assert not first.disposition & Disposition.default
        assert second.disposition & Disposition.visual_impaired
        assert second.disposition & Disposition.default


@pytest.mark.parametrize("codec", ["subrip", "ass", "webvtt"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_subtitles_keep_their_text_and_times(tmp_path: Path, codec: str, suffix: str) -> None:
    cues = [(0.0, 0.4, "One & only"), (0.52, 0.96, "Zwei größer")]
    source = write_clip(
        tmp_path / "in.mkv",
        frames=30,
        subtitles=[Subtitle(cues=cues, codec=codec), Subtitle(cues=cues, codec=codec)],
    )
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    for index in range(2):
        shown = [item for item in packets_in(target, "subtitle", index) if len(item[1]) > 2]
        assert [float(time) for time, _ in shown] == pytest.approx([0.0, 0.52], abs=1e-3)
        for (_, data), (_, _, text) in zip(shown, cues, strict=True):
            assert text in data.decode().replace("&amp;", "&")


def test_mov_text_becomes_srt_with_its_text_and_times(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=40, subtitles=[Subtitle(codec="mov_text")])
    target = tmp_path / "out.mkv"
    carry(source, target)
    assert packets_in(target, "subtitle") == [(0, b"one"), (Fraction(3, 5), b"two")]


def test_fonts_are_kept_byte_for_byte(tmp_path: Path) -> None:
    font = Attachment(name="Über.ttf", data=bytes(range(256)) * 40)
    source = write_clip(
        tmp_path / "in.mkv", frames=5, subtitles=[Subtitle(codec="ass")], attachments=[font]
    )
    target = tmp_path / "out.mkv"
    carry(source, target)
    with av.open(str(target)) as container:
        (kept,) = container.streams.attachments
        assert (kept.name, kept.mimetype, kept.data) == ("Über.ttf", "font/ttf", font.data)


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_chapters_are_kept(tmp_path: Path, suffix: str) -> None:
    chapters = [(0.0, 0.5, "Opening"), (0.5, 1.2, "Ende")]
    source = write_clip(tmp_path / "in.mkv", frames=30, chapters=chapters)
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    assert chapters_in(target) == chapters


def chapters_in(path: Path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as container:
        return [
            (
                float(one["start"] * one["time_base"]),
                float(one["end"] * one["time_base"]),
                one["metadata"]["title"],
            )
            for one in container.chapters()
        ]


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


@pytest.mark.parametrize("suffix", ["mov", "mp4"])
def test_the_time_code_of_a_camera_is_kept(tmp_path: Path, suffix: str) -> None:
    source, target = with_time_code(tmp_path / "in.mov"), tmp_path / f"out.{suffix}"
    plan, joined = carry(source, target)
    assert plan.losses == ()
    verify(target, Expected.of(joined, plan, SIZE))
    with av.open(str(target)) as container:
        (track,) = container.streams.data
        assert track.metadata["timecode"] == "01:02:03:04"


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_cover_art_is_kept(tmp_path: Path, suffix: str) -> None:
    source = with_cover_art(tmp_path / "in.mp4")
    target = tmp_path / f"out.{suffix}"
    plan, joined = carry(source, target)
    verify(target, Expected.of(joined, plan, SIZE))
    assert indices_in(target) == list(range(10))
    (cover,) = [stream for stream in probe(target).others if stream.is_cover_art]
    assert cover.codec == "mjpeg"


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


def test_faststart_puts_the_index_first(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=5)
    target = tmp_path / "out.mp4"
    carry(source, target, options=[("movflags", "+faststart")])
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert indices_in(target) == list(range(5))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_part_starts_at_zero_with_all_its_streams(tmp_path: Path, suffix: str) -> None:
    cues = [
        (0.0, 0.3, "before"),
        (0.4, 1.2, "over the cut"),
        (1.3, 1.6, "inside"),
        (2.5, 2.8, "after"),
    ]
    source = write_clip(
        tmp_path / "in.mkv",
        frames=100,
        audio=[Audio(seconds=4.0)],
        subtitles=[Subtitle(cues=cues)],
        chapters=[(0.0, 0.5, "lost"), (0.5, 1.5, "cut"), (1.5, 4.0, "open")],
    )
    target = tmp_path / f"out.{suffix}"
    carry(source, target, time=TimeRange(start_seconds=1.0, end_seconds=2.0))
    assert indices_in(target) == list(range(25, 50))
    assert times_in(target) == [Fraction(index, 25) for index in range(25)]
    sound = [float(time) for time, _ in packets_in(target, "audio")]
    assert -0.001 <= sound[0] <= 0.022
    assert 0.95 <= sound[-1] < 1.0
    shown = [(float(t), d) for t, d in packets_in(target, "subtitle") if len(d) > 2]
    assert [time for time, _ in shown] == pytest.approx([0.0, 0.3], abs=1e-3)
    assert b"over the cut" in shown[0][1]
    assert [title for _, _, title in chapters_in(target)] == ["cut", "open"]
    assert chapters_in(target)[0][:2] == pytest.approx((0.0, 0.5))


def test_a_part_of_max_frames_ends_with_its_last_picture(tmp_path: Path) -> None:
    chapters = [(0.0, 0.2, "whole"), (0.2, 1.0, "cut"), (1.0, 2.0, "after it")]
    source = write_clip(tmp_path / "in.mkv", frames=50, audio=[Audio()], chapters=chapters)
    carry(source, tmp_path / "out.mkv", time=TimeRange(max_frames=10))
    assert indices_in(tmp_path / "out.mkv") == list(range(10))
    assert float(packets_in(tmp_path / "out.mkv", "audio")[-1][0]) < 0.4
    assert chapters_in(tmp_path / "out.mkv") == [(0.0, 0.2, "whole"), (0.2, 0.4, "cut")]


def test_a_subtitle_of_no_duration_at_the_cut_is_kept(tmp_path: Path) -> None:
    """Those of discs have none: a picture is shown until the next one."""
    source = write_clip(
        tmp_path / "in.mkv", frames=50, subtitles=[Subtitle(cues=[(1.0, 1.0, "shown")])]
    )
    carry(source, tmp_path / "out.mkv", time=TimeRange(start_seconds=1.0))
    assert packets_in(tmp_path / "out.mkv", "subtitle") == [(Fraction(0), b"shown")]


def test_sound_goes_on_with_the_pictures_where_files_were_put_end_to_end(tmp_path: Path) -> None:
    halves = [
        write_clip(
            tmp_path / f"{first}.ts", frames=25, first_index=first, audio=[Audio(codec="mp2")]
        )
        for first in (0, 25)
    ]
    source = tmp_path / "in.ts"
    source.write_bytes(b"".join(half.read_bytes() for half in halves))
    carry(source, tmp_path / "out.mkv")
    sound = [float(time) for time, _ in packets_in(tmp_path / "out.mkv", "audio")]
    assert indices_in(tmp_path / "out.mkv") == list(range(50))
    assert sound == pytest.approx([0.024 * index for index in range(len(sound))], abs=0.002)
    assert sound[-1] == pytest.approx(float(times_in(tmp_path / "out.mkv")[-1]), abs=0.08)


def test_segments_of_other_settings_are_refused(tmp_path: Path) -> None:
    source = probe(write_clip(tmp_path / "in.mkv", frames=10))
    video = video_of(source)
    first = write_segment(tmp_path / "0.nut", 5, encoder_for())
    later = [replace(host_frame(index), pts=index) for index in range(5, 10)]
    second = write_segment(tmp_path / "1.nut", later, encoder_for(crf=30, options={"bf": "0"}))
    plan = plan_streams(source, "matroska")
    with pytest.raises(EncodingFailed, match="encoded differently from 0.nut.*--restart"):
        join([first, second], source, plan, tmp_path / "out.mkv", video)


def test_segments_that_overlap_are_refused(tmp_path: Path) -> None:
    source = probe(write_clip(tmp_path / "in.mkv", frames=10))
    segments = [write_segment(tmp_path / f"{index}.nut", 5) for index in range(2)]
    plan = plan_streams(source, "matroska")
    with pytest.raises(EncodingFailed, match="overlaps 0.nut"):
        join(segments, source, plan, tmp_path / "out.mkv", video_of(source))


def test_segments_without_a_picture_are_passed_over(tmp_path: Path) -> None:
    source = probe(write_clip(tmp_path / "in.mkv", frames=10))
    later = [replace(host_frame(index), pts=40 * index) for index in range(3, 6)]
    paths = [
        write_segment(tmp_path / f"{index}.nut", frames, video=video_of(source))
        for index, frames in enumerate((0, later, 0))
    ]
    plan = plan_streams(source, "matroska")
    assert join(paths, source, plan, tmp_path / "out.mkv", video_of(source)).frames == 3
    assert indices_in(tmp_path / "out.mkv") == [3, 4, 5]
    with pytest.raises(EncodingFailed, match="nothing to join"):
        join([paths[0]], source, plan, tmp_path / "none.mkv", video_of(source))


def test_damage_to_the_other_streams_is_counted_and_passed_over(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mkv", frames=50, audio=[Audio()], subtitles=[Subtitle()], b_frames=0
    )
    target = tmp_path / "out.mp4"
    info = probe(source)
    plan = plan_streams(info, "mp4")
    with Reader.open(source, info) as reader:
        segment = write_segment(tmp_path / "0.nut", reader.frames(), encoder_for(), video_of(info))
    data = bytearray(source.read_bytes())
    cue = data.index(b"two")
    data[cue : cue + 3] = b"\xff\xfe\xff"  # no UTF-8
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    source.write_bytes(data)
    joined = join([segment], info, plan, target, video_of(info))
    verify(target, Expected.of(joined, plan, SIZE))
    assert indices_in(target) == list(range(50))
    assert "1 packets of sound or text" in joined.losses


def test_a_broken_segment_is_named(tmp_path: Path) -> None:
    source = probe(write_clip(tmp_path / "in.mkv", frames=10))
    (tmp_path / "0.nut").write_bytes(b"no segment at all" * 100)
    plan = plan_streams(source, "matroska")
    with pytest.raises(EncodingFailed, match="0.nut"):
        join([tmp_path / "0.nut"], source, plan, tmp_path / "out.mkv", video_of(source))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_while_joining_is_called_so(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=30)
    target = tmp_path / "out.mkv"
    target.symlink_to("/dev/full")
    with pytest.raises(NoSpace, match="the disk is full"):
        carry(source, target)


def test_the_same_segments_give_the_same_bytes(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=20, audio=[Audio()], subtitles=[Subtitle()])
    for suffix in CONTAINERS:
        for run in ("a", "b"):
            (tmp_path / run).mkdir(exist_ok=True)
            carry(source, tmp_path / run / f"out.{suffix}")
        first, second = (tmp_path / run / f"out.{suffix}" for run in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
