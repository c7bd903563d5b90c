"""A sample of a film: a few pictures and how coarse they are, whatever the file is."""

from pathlib import Path

import numpy as np
import pytest

from tests.clips import write_clip
from vsr.media.reading.film_sample import sample_film
from vsr.media.reading.probe import probe
from vsr.values import Size

SIZE = Size(64, 48)


def test_the_bits_of_the_key_frame_are_counted(tmp_path: Path) -> None:
    import av

    film = write_clip(tmp_path / "film.mp4", frames=30, gop=30, size=SIZE)
    with av.open(str(film)) as container:
        size = next(container.demux(video=0)).size
    seen = sample_film(probe(film))
    assert seen.key_bits == (pytest.approx(8 * size / SIZE.pixels),)


def test_a_long_film_is_looked_at_in_three_places(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mkv", frames=200, gop=10, size=SIZE)
    seen = sample_film(probe(film))
    assert len(seen.lumas) == 6
    assert {luma.shape for luma in seen.lumas} == {(48, 64)}
    assert len({luma.tobytes() for luma in seen.lumas}) == 6


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("film.h264", {"container": "h264"}),
        ("film.ts", {}),
        ("film.mkv", {"codec": "ffv1"}),
        ("film.mp4", {"codec": "libx265", "pix_fmt": "yuv420p10le"}),
        ("film.avi", {"codec": "mpeg4"}),
    ],
)
def test_any_file_that_can_be_upscaled_can_be_looked_at(
    tmp_path: Path, name: str, changes: dict
) -> None:
    film = write_clip(tmp_path / name, frames=12, size=SIZE, **changes)
    seen = sample_film(probe(film))
    assert min(seen.key_bits) > 0
    assert all(luma.dtype == np.uint8 for luma in seen.lumas)


def test_what_cannot_be_read_any_more_is_none(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mkv", frames=4, size=SIZE)
    info = probe(film)
    film.write_bytes(b"nothing")
    assert sample_film(info) is None
