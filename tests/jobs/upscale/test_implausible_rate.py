"""A header that says millions of frames per second: times stay distinct, or it is said."""

from fractions import Fraction
from pathlib import Path

from tests.cli.command import QUICK, vsr
from tests.clips import times_in, write_clip

FAST = Fraction(7_000_000)


def test_an_avi_that_says_so_gets_the_usual_rate(tmp_path: Path, capsys):
    film = write_clip(tmp_path / "in.avi", codec="mjpeg", pix_fmt="yuvj420p", frames=10)
    data = bytearray(film.read_bytes())
    rate = data.index(b"strh") + 8 + 20  # dwScale and dwRate, both of 4 bytes
    data[rate : rate + 8] = (1).to_bytes(4, "little") + int(FAST).to_bytes(4, "little")
    film.write_bytes(data)
    assert vsr("upscale", film, tmp_path / "out.mkv", *QUICK) == 0
    assert "says 7e+06 frames per second: 25 are assumed" in capsys.readouterr().err
    assert times_in(tmp_path / "out.mkv") == [Fraction(index, 25) for index in range(10)]


def test_times_that_matroska_cannot_tell_apart_are_refused(tmp_path: Path, capsys):
    film = write_clip(tmp_path / "in.mp4", frames=10, rate=FAST)
    assert vsr("upscale", film, tmp_path / "out.mkv", *QUICK) == 2
    assert "matroska stores whole milliseconds. Choose .mp4" in capsys.readouterr().err
    assert vsr("upscale", film, tmp_path / "out.mp4", *QUICK) == 0
    assert times_in(tmp_path / "out.mp4") == times_in(film)
