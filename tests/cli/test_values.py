import click
import pytest

from vsr.cli.shared.values import PngPath, Seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90.5", 90.5), ("1:30", 90), ("0:01:30.5", 90.5)]
)
def test_a_time_is_read_as_seconds_or_as_a_clock_shows_it(text: str, seconds: float):
    assert Seconds().convert(text, None, None) == seconds


def test_a_picture_that_could_not_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    assert PngPath().convert(str(tmp_path / "a.PNG"), None, None) == tmp_path / "a.PNG"
    with pytest.raises(click.BadParameter, match=r"ends in \.png"):
        PngPath().convert(str(tmp_path / "a.jpg"), None, None)
    with pytest.raises(click.BadParameter, match="folder does not exist"):
        PngPath().convert(str(tmp_path / "none" / "a.png"), None, None)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(click.BadParameter, match="is a folder"):
        PngPath().convert(str(tmp_path / "folder.png"), None, None)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(click.BadParameter, match="cannot be written"):
        PngPath().convert(str(tmp_path / "a.png"), None, None)
