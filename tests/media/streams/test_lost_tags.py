"""A tag that the new container cannot hold is named; Apple's keys hold those without a box."""

from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.clips import write_clip
from tests.media.written import carry, video_of
from vsr.media.reading.probe import probe
from vsr.media.source.info import MediaInfo, StreamInfo
from vsr.media.streams.losses_before_start import losses_of_labels
from vsr.media.streams.lost_tags import lost_tags, muxer_options
from vsr.media.streams.streams import plan_streams
from vsr.values import TimeRange

TAGS = {"title": "A film", "comment": "Great", "com.android.version": "14", "my key": "mine"}
COVER = StreamInfo(index=1, kind="video", codec="mjpeg", is_cover_art=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> MediaInfo:
    return probe(write_clip(tmp_path_factory.mktemp("clip") / "in.mkv", frames=2))


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "webm", "nut"])
def test_every_tag_is_held(source: MediaInfo, container: str) -> None:
    assert lost_tags(replace(source, metadata=TAGS), container) == ()


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_beside_cover_art_what_has_no_box_is_named(source: MediaInfo, container: str) -> None:
    """Under Apple's keys FFmpeg writes no cover art."""
    pictured = replace(source, metadata=TAGS, others=(COVER,))
    assert lost_tags(pictured, container) == ("com.android.version", "my key")
    assert muxer_options(pictured, container, ()) == {}


def test_a_transport_stream_holds_a_title_alone(source: MediaInfo) -> None:
    tagged = replace(source, metadata=TAGS)
    assert lost_tags(tagged, "mpegts") == ("comment", "com.android.version", "my key")


def test_what_a_muxer_says_of_itself_is_no_loss(source: MediaInfo) -> None:
    described = replace(source, metadata={"encoder": "Lavf", "major_brand": "qt"})
    assert lost_tags(described, "mpegts") == ()


def test_tags_that_every_player_knows_stay_in_their_boxes(source: MediaInfo) -> None:
    tagged = replace(source, metadata={"title": "A film"})
    assert muxer_options(tagged, "mp4", [("movflags", "+faststart")]) == {"movflags": "+faststart"}
    assert muxer_options(replace(source, metadata=TAGS), "mov", [("movflags", "+faststart")]) == {
        "movflags": "+faststart+use_metadata_tags"
    }


PHONE = {
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.location.ISO6709": "+52.5000+013.4000+034.000/",
}


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_phones_place_and_make_come_through(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / "in.mkv", frames=2, metadata={"title": "A film", **PHONE})
    target = tmp_path / f"out.{suffix}"
    carry(clip, target, options=[("movflags", "+faststart")])
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(target)) as written:
        held = {key.lower(): value for key, value in written.metadata.items()}  # Matroska shouts
    assert held["title"] == "A film"
    assert all(held[key.lower()] == value for key, value in PHONE.items())


def losses(source: MediaInfo, container: str, start: float = 0, ratio: int = 1) -> list[str]:
    video = video_of(source)
    video = replace(video, frame_rate=ratio * (video.frame_rate or 25))
    plan, time = plan_streams(source, container), TimeRange(start_seconds=start)
    return [str(loss) for loss in losses_of_labels(source, plan, video, time)]


def test_what_a_container_cannot_say_of_the_video_is_named(source: MediaInfo) -> None:
    spoken = {"title": "Angle 1", "language": "jpn", "timecode": "01:00:00:00"}
    named = replace(source, video=replace(source.video, **spoken))
    assert losses(named, "matroska") == losses(named, "mp4") == []
    assert losses(named, "mpegts") == [
        "mpegts cannot store titles of streams: Angle 1. Choose .mkv to keep them.",
        "mpegts cannot store the language of a stream that is jpn. Choose .mp4 or .mkv to keep it.",
        "mpegts cannot store the timecode 01:00:00:00. Choose .mov or .mkv to keep it.",
    ]


@pytest.mark.parametrize(
    ("text", "container", "start", "ratio", "lost"),
    [
        ("01:00:00:00", "mov", 1, 2, ""),
        ("a label", "matroska", 0, 1, ""),
        ("a label", "mov", 0, 1, "mov cannot store the timecode a label"),
        ("01:00:00;00", "mp4", 0, 1, "mp4 cannot store the timecode 01:00:00;00"),
        ("01:00:00;00", "matroska", 1, 1, "the timecode 01:00:00;00 cannot be counted forward"),
        ("a label", "matroska", 0, 2, "the timecode a label cannot be counted forward"),
    ],
)
def test_a_timecode_that_cannot_be_kept_is_named(
    source: MediaInfo, text: str, container: str, start: float, ratio: int, lost: str
) -> None:
    named = replace(source, metadata={"TIMECODE": text})
    found = losses(named, container, start, ratio)
    assert [one[: len(lost)] for one in found] == [lost] * bool(lost)
