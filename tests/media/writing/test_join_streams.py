"""Every other stream of the source is in the joined file, whole and in its place."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from tests.clips import (
    Attachment,
    Audio,
    Subtitle,
    indices_in,
    times_in,
    write_clip,
)
from tests.media.pictures import with_cover_art, with_time_code
from tests.media.sounds import write_with_sound
from tests.media.written import (
    CONTAINERS,
    SIZE,
    carry,
    chapters_in,
    packets_in,
)
from vsr.media.reading.probe import probe
from vsr.media.streams.streams import plan_streams
from vsr.media.timecode import timecode_in
from vsr.media.writing.verify import OutputFacts, verify
from vsr.values import TimeRange


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
        assert {a - b for (a, _), (b, _) in zip(got, wanted, strict=True)} == {
            got[0][0] - wanted[0][0]
        }


@pytest.mark.parametrize(
    ("codec", "name"), [("wmav2", "in.asf"), ("adpcm_ms", "in.avi"), ("pcm_mulaw", "in.avi")]
)
def test_sound_of_wav_files_is_copied_into_matroska(tmp_path: Path, codec: str, name: str) -> None:
    source, target = write_with_sound(tmp_path / name, codec), tmp_path / "out [it's].mkv"
    plan, joined = carry(source, target, made_by="a test")
    verify(target, OutputFacts.of(joined, plan, SIZE))
    got, wanted = packets_in(target, "audio"), packets_in(source, "audio")
    assert [data for _, data in got] == [data for _, data in wanted]
    assert times_in(target) == times_in(source)
    with av.open(str(target)) as container:
        assert container.streams.audio[0].codec_context.name == codec
        assert container.streams.video[0].metadata["ENCODER"] == "a test"
    carry(source, again := tmp_path / "again.mkv", made_by="a test")
    assert again.read_bytes() == target.read_bytes()


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


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_drawings_and_remarks_do_not_become_dialogue(tmp_path: Path, suffix: str) -> None:
    cues = [
        (0.0, 0.2, r"{\pos(3,4)}Said{a remark} aloud"),
        (0.2, 0.4, r"{\p1}m 0 0 l 10 10{\p0}"),
        (0.4, 0.6, r"{\an7\p2}m 0 0 l 10 10{\p0}after{\pbo4} it"),
    ]
    source = write_clip(
        tmp_path / "in.mkv", frames=20, subtitles=[Subtitle(cues=cues, codec="ass")]
    )
    codec = "vp9" if suffix == "webm" else "h264"
    carry(source, tmp_path / f"out.{suffix}", codec=codec)
    packets = packets_in(tmp_path / f"out.{suffix}", "subtitle")
    head = 2 if suffix == "mp4" else 0  # the length
    shown = [(time, data[head:]) for time, data in packets if len(data) > 2]
    assert shown == [(0, b"Said aloud"), (Fraction(2, 5), b"after it")]


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_cues_that_touch_or_overlap_begin_when_they_did(tmp_path: Path, suffix: str) -> None:
    cues = [(0.0, 0.4, "a"), (0.2, 0.6, "over it"), (0.6, 0.8, "touches"), (0.8, 1.0, "again")]
    subtitles = [Subtitle(cues=cues), Subtitle(cues=cues, codec="ass")]
    source = write_clip(tmp_path / "in.mkv", frames=30, audio=[Audio()], subtitles=subtitles)
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    again = tmp_path / f"again.{suffix}"
    carry(target, again)
    for path in (target, again):
        for index in range(2):
            shown = [time for time, text in packets_in(path, "subtitle", index) if len(text) > 2]
            assert [float(time) for time in shown] == pytest.approx([0, 0.2, 0.6, 0.8], abs=1e-4)


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


@pytest.mark.parametrize("suffix", ["mov", "mp4"])
def test_the_first_chapter_begins_where_it_did(tmp_path: Path, suffix: str) -> None:
    """As the track of text is read, of whose first entry FFmpeg's muxer loses the time."""
    chapters = [(0.8, 1.2, "Opening"), (1.2, 2.0, "Ende")]
    target = tmp_path / f"out.{suffix}"
    carry(write_clip(tmp_path / "in.mkv", frames=50, chapters=chapters), target)
    assert chapters_in(target) == [(0.0, 0.8, ""), *chapters]
    carry(target, tmp_path / "again.mp4")
    assert chapters_in(tmp_path / "again.mp4") == chapters_in(target)
    early = [(0.1, 1.2, "Opening"), (1.2, 2.0, "Ende")]
    carry(write_clip(tmp_path / "early.mkv", frames=50, chapters=early), target)
    assert chapters_in(target) == [(0.0, 1.2, "Opening"), (1.2, 2.0, "Ende")]


@pytest.mark.parametrize("suffix", ["mov", "mp4"])
def test_a_chapter_without_a_title_is_one(tmp_path: Path, suffix: str) -> None:
    titles = [b"one", b"two", b"ten"]
    chapters = [(0.5 * index, 0.5 * index + 0.5, one.decode()) for index, one in enumerate(titles)]
    source = write_clip(tmp_path / "in.mkv", frames=40, chapters=chapters)
    content = source.read_bytes()  # RFC 9559, 5.1.7.1.4.9: the element of a title, made a void one
    source.write_bytes(content.replace(b"\x85\x83two", b"\xec\x83two"))
    with av.open(str(source)) as container:
        assert [one["metadata"].get("title") for one in container.chapters()] == [
            "one",
            None,
            "ten",
        ]
    carry(source, tmp_path / f"out.{suffix}")
    found = chapters_in(tmp_path / f"out.{suffix}")
    assert found == [(0.0, 0.5, "one"), (0.5, 1.0, ""), (1.0, 1.5, "ten")]


@pytest.mark.parametrize("suffix", ["mov", "mp4"])
def test_the_time_code_of_a_camera_is_kept(tmp_path: Path, suffix: str) -> None:
    source, target = with_time_code(tmp_path / "in.mov"), tmp_path / f"out.{suffix}"
    plan, joined = carry(source, target)
    assert plan.losses == ()
    verify(target, OutputFacts.of(joined, plan, SIZE))
    with av.open(str(target)) as container:
        (track,) = container.streams.data
        assert track.metadata["timecode"] == "01:02:03:04"


@pytest.mark.parametrize("name", ["out.mov", "out.mp4", "out.mkv"])
def test_a_part_has_the_time_code_of_its_own_first_frame(tmp_path: Path, name: str) -> None:
    source, target = with_time_code(tmp_path / "in.mov"), tmp_path / name
    carry(source, target, time=TimeRange(start_seconds=0.2))
    assert probe(target).video.timecode == "01:02:03:09"
    again = tmp_path / f"again{target.suffix}"
    carry(target, again, time=TimeRange(start_seconds=0.12))
    assert probe(again).video.timecode == "01:02:03:12"
    carry(target, again, time=TimeRange(end_seconds=0.12))
    assert probe(again).video.timecode == "01:02:03:09"


def test_a_time_code_among_the_tags_of_a_file_is_that_of_the_part_too(tmp_path: Path) -> None:
    tags = {"timecode": "01:02:03:04"}
    source = write_clip(tmp_path / "in.mkv", frames=20, metadata=tags)
    carry(source, tmp_path / "out.mkv", time=TimeRange(start_seconds=0.4))
    assert timecode_in(probe(tmp_path / "out.mkv").metadata) == "01:02:03:14"


def test_a_time_code_that_a_container_cannot_say_is_a_loss(tmp_path: Path) -> None:
    info = probe(with_time_code(tmp_path / "in.mov"))
    assert str(*plan_streams(info, "mpegts").losses).endswith("cannot hold a timecode; .mkv can")
    assert plan_streams(info, "matroska").losses == ()


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_cover_art_is_kept(tmp_path: Path, suffix: str) -> None:
    source = with_cover_art(tmp_path / "in.mp4")
    target = tmp_path / f"out.{suffix}"
    plan, joined = carry(source, target)
    verify(target, OutputFacts.of(joined, plan, SIZE))
    assert indices_in(target) == list(range(10))
    (cover,) = [stream for stream in probe(target).others if stream.is_cover_art]
    assert cover.codec == "mjpeg"


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


def test_sound_without_durations_is_kept_to_its_end(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=10, audio=[Audio(codec="alac", seconds=0.3)])
    carry(source, tmp_path / "out.mp4")
    had, kept = packets_in(source, "audio"), packets_in(tmp_path / "out.mp4", "audio")
    assert [data for _, data in kept] == [data for _, data in had]


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_sound_that_begins_between_milliseconds_keeps_its_moment(
    tmp_path: Path, suffix: str
) -> None:
    sound = Audio(codec="mp2", start=1.0457)
    source = write_clip(tmp_path / "in.ts", frames=25, audio=[sound])
    target = tmp_path / f"out.{suffix}"
    carry(source, target)

    def ahead(path: Path) -> Fraction:
        return packets_in(path, "audio")[0][0] - times_in(path)[0]

    assert abs(ahead(target) - ahead(source)) < Fraction(1, 45_000)
