"""A part of a film starts at zero, with the part of every stream that belongs to it."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import (
    Audio,
    Subtitle,
    indices_in,
    times_in,
    write_clip,
)
from tests.media.written import (
    carry,
    chapters_in,
    packets_in,
)
from vsr.values import TimeRange


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


@pytest.mark.parametrize(("end", "last"), [(0.2, 0.2), (2.0, 2.0), (9.0, 3.0)])
def test_sound_that_outlasts_the_pictures_goes_on_to_the_end_of_the_part(
    tmp_path: Path, end: float, last: float
) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=10, audio=[Audio(seconds=3.0)])
    carry(source, tmp_path / "out.mkv", time=TimeRange(end_seconds=end))
    sound = [float(time) for time, _ in packets_in(tmp_path / "out.mkv", "audio")]
    assert sound[-1] == pytest.approx(last, abs=0.05)


def test_a_part_of_max_frames_ends_with_its_last_picture(tmp_path: Path) -> None:
    chapters = [(0.0, 0.2, "whole"), (0.2, 1.0, "cut"), (1.0, 2.0, "after it")]
    source = write_clip(tmp_path / "in.mkv", frames=50, audio=[Audio()], chapters=chapters)
    carry(source, tmp_path / "out.mkv", time=TimeRange(max_frames=10))
    assert indices_in(tmp_path / "out.mkv") == list(range(10))
    assert float(packets_in(tmp_path / "out.mkv", "audio")[-1][0]) < 0.4
    assert chapters_in(tmp_path / "out.mkv") == [(0.0, 0.2, "whole"), (0.2, 0.4, "cut")]


def test_a_subtitle_of_no_duration_at_the_cut_is_kept(tmp_path: Path) -> None:
    """Subtitles of discs have none: each is shown until the next one."""
    source = write_clip(
        tmp_path / "in.mkv", frames=50, subtitles=[Subtitle(cues=[(1.0, 1.0, "shown")])]
    )
    carry(source, tmp_path / "out.mkv", time=TimeRange(start_seconds=1.0))
    assert packets_in(tmp_path / "out.mkv", "subtitle") == [(Fraction(0), b"shown")]


def test_sound_that_is_counted_in_whole_packets_keeps_its_distance(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.avi",
        frames=30,
        codec="mpeg4",
        audio=[Audio(codec="libmp3lame", seconds=1.2)],
    )
    target = tmp_path / "out.mkv"
    carry(source, target, time=TimeRange(start_seconds=0.2))
    kept = packets_in(target, "audio")
    had = packets_in(source, "audio")[-len(kept) :]
    assert {
        round(float(before - after), 3) for (before, _), (after, _) in zip(had, kept, strict=True)
    } == {0.2}
