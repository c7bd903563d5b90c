"""The last frame is shown as long as in the source: a slide may stand for minutes."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.clips import Audio, times_in, write_clip
from tests.media.written import carry, packets_in
from vsr.media.reading.probe import probe
from vsr.media.splices.part import last_duration_of
from vsr.values import TimeRange


def slides(path: Path, **changes: object) -> Path:
    """Write three slides, a tenth of a second each; the last one stands for two seconds."""
    return write_clip(
        path,
        frames=3,
        pts=[0, 100, 200],
        time_base=Fraction(1, 1000),
        rate=Fraction(1, 2),
        **changes,
    )


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_the_last_slide_stands_as_long_as_in_the_source(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out.{suffix}"
    _, joined = carry(slides(tmp_path / "in.mp4"), target)
    assert joined.end_seconds == pytest.approx(2.2)
    with av.open(str(target)) as container:
        assert container.duration == pytest.approx(2_200_000, abs=1000)


ENDINGS = [
    [2000, 2040, 2100],
    [2000, 2040, 2100, 2200],
    [2001, 2002, 2003],
    [2000, 2300, 2301],
    [2000, 9000, 9040],  # a slide among the last frames
    [2000, 2040, 9000],
    [2000, 9000, 9040, 9080],
]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_reordered_frames_at_any_times_end_when_the_last_one_does(
    tmp_path: Path, ending: list[int], suffix: str
) -> None:
    pts = [0, 33, 40, 500, 540, *ending]
    source = write_clip(
        tmp_path / "in.mkv", frames=len(pts), pts=pts, time_base=Fraction(1, 1000), b_frames=0
    )
    target = tmp_path / f"out.{suffix}"
    _, joined = carry(source, target, encoder_preset="medium")
    assert times_in(target) == times_in(source)
    lasting = last_duration_of(probe(source), pts[-1])
    with av.open(str(target)) as container:
        video = container.streams.video[0]
        decoding = [packet.dts for packet in container.demux(video) if packet.dts is not None]
        assert decoding == sorted(set(decoding))
        assert container.duration == pytest.approx((pts[-1] + lasting) * 1000, abs=1000)
    assert joined.end_seconds == pytest.approx((pts[-1] + lasting) / 1000)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("given", ["mp4", "mkv"])
def test_a_last_frame_may_be_short(tmp_path: Path, given: str, suffix: str) -> None:
    """Slides of a second, and a last one of a tenth: shorter than half the average."""
    source = write_clip(
        tmp_path / f"in.{given}", frames=4, pts=[0, 1000, 2000, 3000],
        time_base=Fraction(1, 1000), rate=Fraction(10), b_frames=0,
    )  # fmt: skip
    target = tmp_path / f"out.{suffix}"
    _, joined = carry(source, target)
    assert joined.end_seconds == pytest.approx(3.1)
    with av.open(str(target)) as container:
        assert container.duration == pytest.approx(3_100_000, abs=1000)


def test_a_reordered_last_frame_of_mp4_lasts_as_long_as_the_file_does(tmp_path: Path) -> None:
    """What is stored beside it is how long the next packet waits to be decoded."""
    times = [0, 33, 40, 500, 540, 2000, 2040, 2100]
    first = write_clip(tmp_path / "in.mkv", frames=8, pts=times, time_base=Fraction(1, 1000))
    carry(first, tmp_path / "a.mp4", encoder_preset="medium")
    info = probe(tmp_path / "a.mp4")
    info = replace(info, video=replace(info.video, frame_rate=Fraction(25)))
    for time, lasting in ((2100, 40), (2040, 60), (540, 1460)):
        pts = int(Fraction(time, 1000) / info.video.time_base)
        assert last_duration_of(info, pts) * info.video.time_base == Fraction(lasting, 1000)


def test_a_part_that_ends_with_a_reordered_frame_shows_it_for_one_frame(tmp_path: Path) -> None:
    """The frame that is shown next was decoded before it."""
    reordered = {"preset": "medium", "bf": "3", "x264-params": "b-adapt=0:b-pyramid=normal"}
    info = probe(write_clip(tmp_path / "in.mp4", frames=20, options=reordered))
    step = int(Fraction(1, 25) / info.video.time_base)
    lasting = {index: last_duration_of(info, index * step) for index in range(20)}
    assert lasting == dict.fromkeys(range(20), step)


@pytest.mark.parametrize("given", ["mp4", "mkv"])
def test_a_part_that_ends_with_a_slide_shows_it_and_plays_its_sound(
    tmp_path: Path, given: str
) -> None:
    """Matroska stores no duration of it: only the next frame tells that it stands."""
    source = write_clip(
        tmp_path / f"in.{given}", frames=4, pts=[0, 1000, 3000, 3040],
        time_base=Fraction(1, 1000), b_frames=0, audio=[Audio(seconds=3)],
    )  # fmt: skip
    target = tmp_path / "out.mp4"
    carry(source, target, time=TimeRange(end_seconds=2.5))
    with av.open(str(target)) as container:
        for stream in (*container.streams.video, *container.streams.audio):
            assert stream.duration is not None
            assert stream.duration * stream.time_base == pytest.approx(2.5, abs=0.03)


@pytest.mark.parametrize("key_frames", [1, 5, 6, 7, 50])
@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_each_frame_stands_until_the_next_wherever_key_frames_are(
    tmp_path: Path, suffix: str, key_frames: int
) -> None:
    """The key frame after a slide is decoded while it stands: seeking to it leads behind it."""
    pts = [0, 40, 80, 120, 160, 3000, 6000, 9000, 9040, 9080, 9120]
    reordered = {"preset": "medium", "bf": "3", "g": f"{key_frames}", "sc_threshold": "0"}
    info = probe(
        write_clip(
            tmp_path / f"in.{suffix}", frames=len(pts), pts=pts, time_base=Fraction(1, 1000),
            options=reordered,
        )
    )  # fmt: skip
    ticks = [int(Fraction(time, 1000) / info.video.time_base) for time in pts]
    lasting = [last_duration_of(info, one) for one in ticks[:-1]]
    assert lasting == [later - one for one, later in pairwise(ticks)]


def test_the_end_of_a_part_cuts_the_last_slide_and_its_sound(tmp_path: Path) -> None:
    source = slides(tmp_path / "in.mp4", audio=[Audio(seconds=2.2)])
    target = tmp_path / "out.mp4"
    carry(source, target, time=TimeRange(start_seconds=0.1, end_seconds=1.2))
    last_sound = float(packets_in(target, "audio")[-1][0])
    assert 1.0 < last_sound < 1.1
    with av.open(str(target)) as container:
        assert container.duration == pytest.approx(1_100_000, abs=25_000)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_a_part_that_ends_within_a_frame_keeps_an_even_rate(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=40, audio=[Audio()])
    target = tmp_path / f"out.{suffix}"
    carry(source, target, time=TimeRange(start_seconds=0.1, end_seconds=1.1))
    with av.open(str(target)) as container:
        assert container.streams.video[0].average_rate == 25
    assert len(times_in(target)) == 25


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_at_a_constant_rate_it_is_one_frame(tmp_path: Path, suffix: str) -> None:
    info = probe(write_clip(tmp_path / f"in.{suffix}", frames=10))
    last = (info.video.start_pts or 0) + round(9 / (25 * info.video.time_base))
    assert last_duration_of(info, last) * info.video.time_base == Fraction(1, 25)


def test_a_time_that_no_packet_has_takes_one_frame(tmp_path: Path) -> None:
    info = probe(slides(tmp_path / "in.mp4"))
    assert last_duration_of(info, 7) == round(1 / (info.video.frame_rate * info.video.time_base))


def test_a_duration_of_one_tick_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = probe(write_clip(tmp_path / "in.mkv", frames=10))
    last = 360
    assert last_duration_of(info, last) == 40
    monkeypatch.setattr("vsr.media.splices.part._duration_in_source", lambda info, pts, step: 1)
    assert last_duration_of(info, last) == 40


def test_a_first_slide_does_not_delay_a_stream_that_says_decoding_times(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mp4", frames=6, pts=[0, 5000, 5040, 5080, 5120, 5160],
        time_base=Fraction(1, 1000), b_frames=2,
    )  # fmt: skip
    target = tmp_path / "out.ts"
    carry(source, target)
    with av.open(str(target)) as container:
        assert container.start_time < 200_000


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_last_frame_that_is_left_of_a_film_does_not_stand_for_the_rest(
    tmp_path: Path, suffix: str
) -> None:
    """As of a download that broke off, whose index is before its frames."""
    source = write_clip(
        tmp_path / "in.mp4", frames=100, b_frames=2, options={"crf": "1"},
        container_options={"movflags": "+faststart"},
    )  # fmt: skip
    content = source.read_bytes()
    source.write_bytes(content[: len(content) * 6 // 10])
    target = tmp_path / f"out.{suffix}"
    _, joined = carry(source, target)
    assert joined.end_seconds == pytest.approx(joined.last_seconds + 0.04, abs=0.001)
    with av.open(str(target)) as container:
        assert container.duration < 2_800_000
