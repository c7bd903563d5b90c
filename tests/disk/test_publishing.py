"""A name means a complete file: what fails leaves the file before it."""

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
