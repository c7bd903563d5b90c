"""The clock of a recording does not become an empty beginning of hours."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import Audio, indices_in, times_in, write_clip
from tests.media.written import carry, packets_in

TEN_HOURS = 36_000


def recording(folder: Path, name: str = "in.ts") -> Path:
    """Write a second of film as cut from a broadcast, its audio 40 ms ahead."""
    return write_clip(
        folder / name,
        frames=25,
        time_base=Fraction(1, 90_000),
        pts=[TEN_HOURS * 90_000 + 3600 * (index + 1) for index in range(25)],
        audio=[Audio(codec="mp2", seconds=1.0, start=TEN_HOURS)],
    )


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_clock_of_a_station_begins_anew_with_sound_and_pictures_as_far_apart(
    tmp_path: Path, suffix: str
) -> None:
    source, target = recording(tmp_path), tmp_path / f"out.{suffix}"
    carry(source, target)
    assert indices_in(target) == list(range(25))
    sound, times = packets_in(target, "audio")[0][0], times_in(target)
    assert abs(sound) < Fraction(1, 1000)
    had = times_in(source)[0] - packets_in(source, "audio")[0][0]
    assert abs(times[0] - sound - had) <= Fraction(1, 1000)
    assert len(packets_in(target, "audio")) == len(packets_in(source, "audio"))


def test_a_transport_stream_keeps_its_clock(tmp_path: Path) -> None:
    source, target = recording(tmp_path), tmp_path / "out.ts"
    carry(source, target)
    assert times_in(target) == times_in(source)


def test_a_late_start_in_a_file_of_its_own_clock_is_kept(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=10, pts=range(50, 60))
    carry(source, tmp_path / "out.mkv")
    assert times_in(tmp_path / "out.mkv") == times_in(source)
