"""Files of a shared folder that appear late."""

from pathlib import Path

import pytest

from vsr.disk.waiting import wait_for
from vsr.errors import Failed


def test_a_file_that_is_late_or_still_short_is_waited_for(tmp_path: Path):
    path, pauses = tmp_path / "000001.nut", []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        path.write_bytes(b"x" * len(pauses))

    wait_for(path, 3, sleep=sleep)
    assert len(pauses) == 3
    assert pauses == sorted(pauses)


def test_a_folder_that_is_late_itself_is_waited_for(tmp_path: Path):
    folder = tmp_path / "late"
    wait_for(folder, sleep=lambda _: folder.mkdir())


def test_a_file_that_never_comes_is_an_error_that_asks_the_right_question(tmp_path: Path):
    times = iter(range(100))
    with pytest.raises(Failed, match="share this folder"):
        wait_for(tmp_path / "a", 1, sleep=lambda _: None, clock=lambda: float(next(times)))
