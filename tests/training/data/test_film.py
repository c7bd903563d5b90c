import numpy as np
import pytest

from tests.clips import Audio, av_frame, write_clip
from vsr.training.data.prepare import film_frames
from vsr.training.pictures import UnusablePicture
from vsr.values import Size

SIZE = Size(160, 96)


def film(tmp_path, **changes):
    return write_clip(tmp_path / "clip.mkv", size=SIZE, **changes)


def nearest_index(pixels, count):
    """The index of the made picture that a frame is nearest to."""
    made = [av_frame(i, SIZE, "yuv420p").to_ndarray(format="rgb24") for i in range(count)]
    errors = [np.abs(pixels.astype(int) - other).mean() for other in made]
    return int(np.argmin(errors))


def test_frames_are_evenly_spread(tmp_path):
    frames = list(film_frames(film(tmp_path, frames=24), 4))
    assert [frame.shape for frame in frames] == [(96, 160, 3)] * 4
    assert [nearest_index(frame, 24) for frame in frames] == [0, 6, 12, 18]


def test_a_short_film_gives_what_it_has(tmp_path):
    assert len(list(film_frames(film(tmp_path, frames=3), 16))) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frames": 0, "audio": [Audio()]}, "neither image nor video"),
        ({"is_interlaced": True}, "interlaced"),
        ({"transfer": 16}, "HDR"),
    ],
)
def test_films_that_would_teach_wrong_things_are_refused(tmp_path, changes, reason):
    with pytest.raises(UnusablePicture, match=reason):
        list(film_frames(film(tmp_path, **changes), 4))
