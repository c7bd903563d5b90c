"""``vsr evaluate REFERENCE RESULT``: one video against another."""

import json

import numpy as np
import pytest

from tests.clips import write_clip
from tests.media.sample_entries import clean_aperture, with_box
from vsr.cli import run
from vsr.colour import Colour, Range
from vsr.errors import InvalidData, MediaError
from vsr.frames import HostFrame, Layout
from vsr.jobs.evaluate_video import evaluate_video, luma_codes
from vsr.values import Size


def test_a_film_equals_itself(tmp_path):
    film = write_clip(tmp_path / "a.mkv", frames=8)
    report = evaluate_video(film, film)
    assert report.about["count"] == 8
    assert report.mean.psnr_y == 100
    assert report.mean.ssim_y == pytest.approx(1)
    assert report.flicker.difference_error == 0
    assert [item.name for item in report.pictures] == [str(i) for i in range(8)]


def test_other_pictures_are_seen_as_other_pictures(tmp_path):
    a = write_clip(tmp_path / "a.mkv", frames=6)
    b = write_clip(tmp_path / "b.mkv", frames=6, first_index=100)
    report = evaluate_video(a, b)
    assert report.mean.psnr_y < 20
    assert report.flicker.pairs == 5


def test_depth_and_range_do_not_count_as_error():
    amplitude = np.array([[0.0, 0.25], [0.5, 1.0]])
    frames = []
    for bits, color_range, offset, scale in (
        (8, Range.LIMITED, 16, 219),
        (10, Range.LIMITED, 64, 876),
        (8, Range.FULL, 0, 255),
    ):
        layout = Layout(bits=bits, x_shift=0, y_shift=0, is_gray=True)
        plane = np.round(offset + scale * amplitude).astype(layout.dtype)
        colour = Colour(range=color_range)
        frames.append(HostFrame(planes=(plane,), pts=0, layout=layout, colour=colour))
    expected = 16 + 219 * amplitude
    for frame in frames:
        np.testing.assert_allclose(luma_codes(frame), expected, atol=0.5)
    np.testing.assert_allclose(luma_codes(frames[1])[1, 1], 235, atol=1e-9)


def test_a_longer_film_is_compared_as_far_as_the_other_goes_and_it_is_told(tmp_path, capsys):
    a = write_clip(tmp_path / "a.mkv", frames=8)
    b = write_clip(tmp_path / "b.mkv", frames=5)
    assert run(["evaluate", str(a), str(b), "--json"]) == 3
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["count"] == 5
    assert "3 frames" in found["skipped"][0]
    assert {"static_std", "difference_error", "static_share"} <= set(found["flicker"])


def test_a_part_is_measured_against_what_it_was_made_of(tmp_path):
    film = write_clip(tmp_path / "a.mkv", frames=60)
    part = tmp_path / "part.mkv"
    command = ["upscale", film, part, "--start", "1.2", "--end", "1.6", "--model", "bicubic"]
    assert run([*map(str, command), "--scale", "2", "-q"]) == 0
    whole = tmp_path / "whole.mkv"
    assert run(["upscale", str(film), str(whole), "--model", "bicubic", "--scale", "2", "-q"]) == 0
    report = evaluate_video(whole, part)
    assert report.about["start"] == pytest.approx(1.2)
    assert report.about["count"] == 10
    assert report.mean.psnr_y > 40
    assert report.skipped == ("20 frames of the longer video without a counterpart",)


def test_a_table_for_people_ends_with_the_flicker(tmp_path, capsys):
    film = write_clip(tmp_path / "a.mkv", frames=4)
    assert run(["evaluate", str(film), str(film)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("frame ")
    assert "static std" in out


def test_films_of_two_sizes_and_no_films_are_refused(tmp_path, capsys):
    a = write_clip(tmp_path / "a.mkv", frames=2)
    b = write_clip(tmp_path / "b.mkv", frames=2, size=Size(64, 64))
    with pytest.raises(InvalidData, match="cannot be compared"):
        evaluate_video(a, b)
    with pytest.raises(MediaError):
        evaluate_video(a, tmp_path / "none.mkv")
    assert run(["evaluate", str(a)]) == 2
    assert "two videos" in capsys.readouterr().err


def test_what_headers_hide_is_not_measured(tmp_path):
    source = write_clip(tmp_path / "a.mp4", frames=6)
    with_box(source, clean_aperture((80, 1), (40, 1), (0, 1), (0, 1)))
    small = write_clip(tmp_path / "b.mp4", frames=6, size=Size(80, 40))
    assert evaluate_video(source, small).about["count"] == 6
