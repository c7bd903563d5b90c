"""Reading continues past broken places, and ends where nothing can be read."""

from pathlib import Path

import av
import pytest

from tests.clips import write_clip
from tests.media.torn import Torn
from vsr.errors import DecodingFailed
from vsr.media.source.decoder import Damage
from vsr.media.source.opening import demuxed

BROKEN = av.InvalidDataError(1, "invalid data")


def read(path: Path, failures: dict[int, Exception], **how: bool) -> tuple[int, int]:
    """Return how many packets could be read, past how many broken places."""
    damage = Damage()
    with Torn(path, failures, **how) as container:
        packets = list(demuxed(container, container.streams.video, damage))  # type: ignore[arg-type]  # it stands in for one
    return len(packets), damage.broken_reads


def test_reading_goes_on_behind_broken_places(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", frames=12)
    assert read(path, {0: BROKEN, 3: BROKEN, 9: EOFError()}) == (12, 3)


def test_a_file_that_is_broken_to_its_end_is_given_up(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", frames=12)
    assert read(path, {5: BROKEN}, is_for_ever=True) == (5, 1)


def test_a_disk_that_fails_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", frames=12)
    with pytest.raises(DecodingFailed, match=r"a\.mkv: reading failed .*Check the disk"):
        read(path, {3: OSError(5, "Input/output error")})
