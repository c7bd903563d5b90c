"""A name means a complete file: what fails leaves the file before it."""

import os

import pytest

from vsr.disk.publishing import part_of, published


def test_a_file_has_its_name_only_once_it_is_complete(tmp_path):
    path = tmp_path / "a.json"
    with published(path) as part:
        part.write_text("new")
        assert part == part_of(path)
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_a_file_at_once_publish_nothing_but_whole_ones(tmp_path):
    path = tmp_path / "a.json"
    with published(path) as first:
        first.write_text("the fi")
        with published(path) as second:
            second.write_text("the second")
        assert path.read_text() == "the second"
        first.write_text("the first")
    assert path.read_text() == "the first"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_taken_over_once_it_is_old(tmp_path):
    path = tmp_path / "a.json"
    left = part_of(path)
    left.write_text("half of it")
    with published(path) as part:
        assert part != left
        part.write_text("new")
    os.utime(left, (0, 0))
    with published(path) as part:
        assert part == left
        part.write_text("newer")
    assert path.read_text() == "newer"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_what_fails_leaves_the_file_before_it_and_nothing_else(tmp_path, kind):
    path = tmp_path / "a.json"
    path.write_text("old")

    def failing() -> None:
        with published(path) as part:
            part.write_text("half")
            raise kind

    with pytest.raises(kind):
        failing()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
