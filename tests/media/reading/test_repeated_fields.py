"""Flags that repeat fields are told by the times of the packets."""

from pathlib import Path

import pytest

from tests.clips import write_clip
from tests.woven import NTSC, write_film, write_soft_film
from vsr.media.reading.probe import probe
from vsr.media.reading.repeated_fields import repeats_of
from vsr.values import TimeRange


@pytest.mark.parametrize("suffix", [".m2v", ".mpg", ".ts", ".mkv", ".mp4"])
def test_repeated_fields_are_seen_in_every_container(tmp_path: Path, suffix: str):
    info = probe(write_soft_film(tmp_path / f"in{suffix}"))
    repeats = repeats_of(info)
    assert repeats is not None
    assert repeats.field * info.video.time_base == 1 / (2 * NTSC)
    assert repeats.is_throughout
    assert repeats.frame_rate(info.video.time_base) == NTSC * 4 / 5


def test_film_beside_video_is_seen_and_that_it_is_not_everywhere(tmp_path: Path):
    info = probe(write_soft_film(tmp_path / "in.ts", frames=192, video=range(40, 160)))
    repeats = repeats_of(info)
    assert repeats is not None
    assert not repeats.is_throughout
    assert repeats_of(info, TimeRange(start_seconds=2.5, end_seconds=4)) is None


def test_other_films_repeat_no_fields(tmp_path: Path):
    for clip in (
        write_clip(tmp_path / "plain.ts", rate=NTSC, frames=60),
        write_clip(tmp_path / "film.mkv", rate=NTSC * 4 / 5, frames=60),
        write_film(tmp_path / "woven.mp4"),
    ):
        assert repeats_of(probe(clip)) is None
