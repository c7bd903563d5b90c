"""What happens to every other stream is known, and reported, before the first picture."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from tests.clips import Attachment, Audio, Subtitle, av_frame, write_clip
from tests.media.pictures import with_cover_art
from tests.media.sounds import write_dts, write_with_sound
from tests.media.written import packets_in
from vsr.errors import UnsuitableContainer
from vsr.media.reading.probe import probe
from vsr.media.streams.losses_before_start import losses_among, refuse_losses
from vsr.media.streams.stream_plan import Fate, StreamPlan
from vsr.media.streams.streams import plan_streams
from vsr.values import Size


def planned(path: Path, container: str, **keep: bool) -> StreamPlan:
    return plan_streams(probe(path), container, **keep)


def fates(plan: StreamPlan) -> list[tuple[str, Fate, str | None]]:
    return [(fate.stream.kind, fate.fate, fate.target_codec) for fate in plan.fates]


def clip(folder: Path, name: str = "in.mkv", subtitles: Sequence[Subtitle] = ()) -> Path:
    audio = [Audio(language="eng"), Audio(language="deu"), Audio(language="fra")]
    return write_clip(folder / name, frames=10, audio=audio, subtitles=subtitles)


def test_every_sound_track_is_copied(tmp_path: Path) -> None:
    for container in ("mp4", "mov", "matroska", "mpegts", "nut"):
        plan = planned(clip(tmp_path), container)
        assert fates(plan) == [("audio", Fate.COPY, None)] * 3
        assert plan.losses == ()


@pytest.mark.parametrize(
    ("codec", "container", "fate", "target"),
    [
        ("subrip", "matroska", Fate.COPY, None),
        ("subrip", "mp4", Fate.CONVERT, "mov_text"),
        ("subrip", "mov", Fate.CONVERT, "mov_text"),
        ("subrip", "webm", Fate.CONVERT, "webvtt"),
        ("ass", "matroska", Fate.COPY, None),
        ("ass", "mp4", Fate.CONVERT, "mov_text"),
        ("ass", "webm", Fate.CONVERT, "webvtt"),
        ("webvtt", "matroska", Fate.COPY, None),
        ("webvtt", "mp4", Fate.CONVERT, "mov_text"),
        ("webvtt", "webm", Fate.COPY, None),
    ],
)
def test_a_text_subtitle_is_converted_only_where_its_form_does_not_fit(
    tmp_path: Path, codec: str, container: str, fate: Fate, target: str | None
) -> None:
    path = write_clip(tmp_path / "in.mkv", frames=10, subtitles=[Subtitle(codec=codec)])
    assert fates(planned(path, container)) == [("subtitle", fate, target)]


@pytest.mark.parametrize(
    ("codec", "container", "lost"),
    [
        ("ass", "mp4", "fonts, positions, effects and drawings"),
        ("ass", "webm", "fonts, positions, effects and drawings"),
        ("webvtt", "mov", "positions and voices"),
    ],
)
def test_formatted_text_becomes_plain_with_loss(
    tmp_path: Path, codec: str, container: str, lost: str
) -> None:
    path = write_clip(tmp_path / "in.mkv", frames=3, subtitles=[Subtitle(codec=codec)])
    (loss,) = losses_among(planned(path, container))
    assert f", with loss: {container} does not support {codec}, whose {lost} are lost; " in str(
        loss
    )
    assert ".mkv" in str(loss)
    assert not loss.is_content
    plain = write_clip(tmp_path / "plain.mkv", frames=3, subtitles=[Subtitle()])
    assert planned(plain, container).losses == ()


def test_mov_text_becomes_srt_in_matroska(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "in.mp4", frames=10, subtitles=[Subtitle(codec="mov_text")])
    assert fates(planned(path, "matroska")) == [("subtitle", Fate.CONVERT, "srt")]
    assert fates(planned(path, "mp4")) == [("subtitle", Fate.COPY, None)]


@pytest.mark.parametrize("late", [0.0, 15.0])
def test_what_nobody_could_read_out_of_mpegts_is_a_loss(tmp_path: Path, late: float) -> None:
    """Its muxer takes everything: what it does not know comes back as data without a codec."""
    source = write_clip(
        tmp_path / "in.mkv",
        frames=450,
        audio=[Audio(seconds=0.2), Audio(codec="flac", seconds=0.2)],
        subtitles=[Subtitle(cues=[(late, late + 1.0, "late")])],
    )
    plan = plan_streams(probe(source), "mpegts")
    assert [fate.stream.codec for fate in plan.carried] == ["aac", "flac"]
    assert plan.carried[1].target_codec == "aac"
    assert [fate.reason for fate in plan.losses] == [
        "mpegts cannot hold flac; .mp4, .mkv and .nut can",
        "mpegts cannot hold subrip; .mkv can",
    ]


def test_dts_stays_in_mpegts_where_one_frame_is_too_little_to_recognise_it(tmp_path: Path) -> None:
    source = write_dts(tmp_path / "in.ts")
    for container in ("mpegts", "matroska"):
        assert fates(planned(source, container)) == [("audio", Fate.COPY, None)]


def test_a_damaged_first_packet_does_not_condemn_its_codec(tmp_path: Path) -> None:
    """MP4 reads the headers of E-AC-3 while it is written."""
    path = write_clip(tmp_path / "in.mkv", frames=25, audio=[Audio(codec="eac3")])
    data, sync = path.read_bytes(), bytes.fromhex("0b77")
    first = packets_in(path, "audio")[0][1]
    assert first.startswith(sync)
    assert data.count(first) == 1
    path.write_bytes(data.replace(first, bytes(len(first))))
    assert fates(planned(path, "mp4")) == [("audio", Fate.COPY, None)]


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("wmav2", "in.asf"),
        ("adpcm_ms", "in.avi"),
        ("pcm_mulaw", "in.avi"),
        ("adpcm_yamaha", "in.avi"),
    ],
)
def test_matroska_takes_what_a_wav_file_can_hold(tmp_path: Path, codec: str, name: str) -> None:
    source = write_with_sound(tmp_path / name, codec)
    assert fates(planned(source, "matroska")) == [("audio", Fate.COPY, None)]
    (lost,) = planned(source, "webm").losses
    assert lost.reason.startswith(f"webm cannot hold {lost.stream.codec}; ")
    assert ".mkv and .nut can" in lost.reason


@pytest.mark.parametrize("name", ["in.avi", "in.mkv"])
def test_uncompressed_sound_whose_source_names_no_channels_fits_mp4(
    tmp_path: Path, name: str
) -> None:
    source = write_clip(tmp_path / name, frames=10, audio=[Audio(codec="pcm_s16le")])
    assert fates(planned(source, "mp4")) == [("audio", Fate.COPY, None)]


def test_fonts_are_kept_in_matroska_and_a_loss_elsewhere(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "in.mkv", frames=10, attachments=[Attachment(), Attachment()])
    assert fates(planned(path, "matroska")) == [("attachment", Fate.COPY, None)] * 2
    assert len(planned(path, "mp4").losses) == 2


def test_cover_art_is_kept_in_mp4_and_matroska(tmp_path: Path) -> None:
    path = with_cover_art(tmp_path / "in.mp4")
    for container in ("mp4", "matroska"):
        assert fates(planned(path, container)) == [("video", Fate.COPY, None)]
    assert "cannot hold cover art" in str(planned(path, "mov").losses[0])


def test_strict_refuses_a_loss_and_names_it(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "in.mkv", frames=10, attachments=[Attachment()])
    with pytest.raises(UnsuitableContainer, match=r"--strict.*attachment stream 1.*\.mkv"):
        refuse_losses(path, losses_among(planned(path, "mp4")))
    refuse_losses(path, losses_among(planned(path, "matroska")))


def test_what_the_user_leaves_out_is_no_loss(tmp_path: Path) -> None:
    path = clip(tmp_path, subtitles=[Subtitle()])
    plan = planned(path, "matroska", keep_audio=False, keep_subtitles=False)
    assert plan.losses == ()
    assert plan.carried == ()
    assert [fate.reason for fate in plan.fates] == ["--no-audio"] * 3 + ["--no-subs"]


def test_a_chapter_track_of_mp4_is_no_loss(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "in.mp4", frames=50, chapters=[(0, 1, "one"), (1, 2, "two")])
    plan = planned(path, "mp4")
    assert plan.losses == ()
    assert plan.carried == ()


def test_a_second_video_stream_is_a_loss(tmp_path: Path) -> None:
    path = with_cover_art(tmp_path / "in.mkv", is_second_video=True)
    assert [loss.reason for loss in planned(path, "matroska").losses] == [
        "only one is upscaled: stream 0, which is the default"
    ]


def test_a_motion_photo_is_its_film_and_not_its_larger_still(tmp_path: Path) -> None:
    path = tmp_path / "photo.mp4"
    with av.open(str(path), "w") as output:
        small, large = (output.add_stream("libx264", rate=25) for _ in range(2))
        for stream, size in ((small, Size(96, 64)), (large, Size(192, 128))):
            stream.width, stream.height = size.width, size.height
            stream.disposition = Disposition.default
        for stream, size, count in ((small, Size(96, 64), 20), (large, Size(192, 128), 1)):
            for index in range(count):
                frame = av_frame(index, size, "yuv420p")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    info = probe(path)
    assert (info.video.size, info.video.frames_in_header) == (Size(96, 64), 20)
    assert [loss.reason for loss in planned(path, "mp4").losses] == [
        "only one is upscaled: stream 0, which moves"
    ]


def test_a_source_without_other_streams_has_an_empty_plan(tmp_path: Path) -> None:
    assert planned(write_clip(tmp_path / "in.mp4", frames=3), "webm").fates == ()
