"""What players show of each frame, as the sample entry of mp4 and mov has it."""

from pathlib import Path

import pytest

from tests.clips import write_clip
from tests.media.sample_entries import clean_aperture, with_box
from vsr.media.reading.probe import probe
from vsr.values import Size

WHOLE = Size(96, 64)


def with_aperture(path: Path, *numbers: tuple[int, int], frames: int = 5) -> Path:
    return with_box(write_clip(path, frames=frames, size=WHOLE), clean_aperture(*numbers))


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        (((80, 1), (40, 1), (4, 1), (-2, 1)), "80:40:12:10"),
        (((88, 1), (64, 1), (0, 1), (0, 1)), "88:64:4:0"),
        (((159, 2), (40, 1), (0, 1), (0, 1)), "80:40:8:12"),  # out to whole pixels
        (((96, 1), (64, 1), (0, 1), (0, 1)), "None"),
        (((96, 1), (64, 1), (8, 1), (0, 1)), "None"),  # outside
        (((80, 0), (40, 1), (0, 1), (0, 1)), "None"),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_clean_aperture_is_read(
    tmp_path: Path, numbers: list[tuple[int, int]], found: str, suffix: str
):
    clip = with_aperture(tmp_path / f"in{suffix}", *numbers)
    assert str(probe(clip).video.header_crop) == found
