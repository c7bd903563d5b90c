"""Flags that repeat fields are told by the times of the packets."""

from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import pytest
from PIL import Image

from tests.clips import write_clip
from tests.woven import NTSC, write_film, write_soft_film
from vsr.media.reading import repeated_fields
from vsr.media.reading.probe import probe
from vsr.media.reading.repeated_fields import repeats_of
from vsr.media.sequence import as_film, find_images
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


def test_very_large_frames_are_not_read_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip = write_soft_film(tmp_path / "in.mkv")
    info, size = probe(clip), clip.stat().st_size
    monkeypatch.setattr(repeated_fields, "MOST_BYTES", size)
    assert repeats_of(info)
    monkeypatch.setattr(repeated_fields, "MOST_BYTES", size // 8)
    assert repeats_of(info) is None


def test_images_are_not_read_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def opened(path: Path) -> NoReturn:
        raise AssertionError(path)

    for number in range(3):
        Image.new("RGB", (64, 48)).save(tmp_path / f"{number:05}.png")
    with as_film(find_images(tmp_path / "%05d.png"), Fraction(24)) as film:
        info = probe(film)
        monkeypatch.setattr(repeated_fields, "open_input", opened)
        assert repeats_of(info) is None
