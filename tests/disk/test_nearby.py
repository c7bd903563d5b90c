"""A name with a slip in it is answered with the one that is there."""

from pathlib import Path

import pytest

from vsr.disk.nearby import hint_for_missing


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("holiday.MP4", "Did you mean Holiday.mp4?"),
        ("Holiday.mp4 ", "Did you mean Holiday.mp4?"),
        ("Holidya.mp4", "Did you mean Holiday.mp4?"),
        ("sub/tape.av", "Did you mean sub/tape.avi?"),
        ("other.mkv", "Check the path."),
        ("none/Holiday.mp4", "Check the path."),
        ("hidden.mp4", "Check the path."),
        ("", "Check the path."),
        ("\0", "Check the path."),
        ("x" * 300, "Check the path."),
    ],
    ids=ascii,
)
def test_what_is_nearly_the_same_is_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, hint: str
):
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    for name in ("Holiday.mp4", ".hidden.mp4", "sub/tape.avi"):
        Path(name).touch()
    assert hint_for_missing(Path(typed)) == hint
