"""``vsr preview``: the page, its pictures and its commands."""

import json
import re
import shlex
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.command import QUICK, vsr
from tests.clips import index_of, write_clip
from tests.jobs.preview.pages import TWO, ReadPage, previewed
from tests.transport import end_to_end, recording
from vsr.jobs.preview.page import MOST_BYTES
from vsr.values import Size


def seconds_of(page: ReadPage) -> list[float]:
    clocks = [shot["time"].split(":") for shot in page.data["shots"]]
    return [60 * int(minutes) + float(seconds) for minutes, seconds in clocks]


def test_recordings_that_were_put_end_to_end_have_a_page(tmp_path: Path):
    parts = [
        recording(tmp_path / f"{first}.ts", 1, frames=25, first_index=first) for first in (0, 25)
    ]
    film = end_to_end(tmp_path / "in.ts", *parts)
    page = previewed(film, "--frames", 5)
    found = [index_of(page.pictures[shot, 1][..., 1]) for shot in range(5)]
    assert found == [round(seconds * 25) for seconds in seconds_of(page)]
    assert max(found) >= 25


def test_every_picture_is_the_frame_of_its_time(clip: Path):
    page = previewed(clip)
    assert [one["name"] for one in page.data["variants"]] == [
        "Source (Lanczos)", "bicubic", "crf=30",
    ]  # fmt: skip
    numbers = [int(seconds * 25 + 1e-6) for seconds in seconds_of(page)]
    assert len(numbers) == 3
    assert sorted(set(numbers)) == numbers
    for (shot, _), picture in page.pictures.items():
        assert picture.shape == (128, 192, 3)
        assert index_of(picture[..., 1]) == numbers[shot]
    assert len(page.pictures) == 9


def test_results_are_shown_after_the_encoder(clip: Path):
    page = previewed(clip, "--try", "crf=50", "--at", "0.4")
    source, good, _, bad = (page.pictures[0, i].astype(float) for i in range(4))
    assert np.abs(bad - good).mean() > 1
    assert np.abs(good - source).mean() < np.abs(bad - source).mean()


def test_the_loop_shows_the_same_frame_in_every_tile(clip: Path):
    page = previewed(clip)
    loop = page.data["loop"]
    frames = page.loop()
    assert len(frames) == loop["frames"] == 30
    assert loop["fps"] == pytest.approx(25)
    width, height = loop["width"], loop["height"]
    for number, frame in enumerate(frames):
        for left, top in loop["tiles"]:
            assert index_of(frame[top : top + height, left : left + width, 1]) == number


def test_the_page_is_complete_by_itself_and_forbids_all_else(clip: Path):
    page = previewed(clip)
    text = clip.with_name("in-preview.html").read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_BYTES
    fetched = ("src", "srcset", "href", "poster", "data", "action", "background")
    urls = [values[name] for _, values in page.elements for name in fetched if name in values]
    assert len(urls) == 10
    assert all(url.startswith("data:") for url in urls)
    assert "http://" not in text
    assert "https://" not in text
    policy = next(one["content"] for one in page.all("meta") if "http-equiv" in one)
    assert "default-src 'none'" in policy
    for tag, inline in (("style", page.texts["style"][0]), ("script", page.texts["script"][-1])):
        digest = b64encode(sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_a_reader_of_the_screen_finds_names_for_everything(clip: Path):
    page = previewed(clip)
    assert page.all("html") == [{"lang": "en"}]
    shown = [one for one in page.all("img") if "data-shot" in one]
    assert all(re.fullmatch(r"0:0\d\.\d\d, \w+: .+", one["alt"]) for one in shown)
    labels = {one.get("id"): one.get("aria-label") for one in page.all("input")}
    assert labels["divider"] == "Divider between left and right"
    for button, text in zip(page.all("button"), page.texts["button"], strict=True):
        assert re.search(r"\w\w", button.get("aria-label", text)), button
    titles = {one.get("id") for tag in ("h2",) for one in page.all(tag)}
    sections = [one["aria-labelledby"] for one in page.all("section")]
    assert set(sections) <= titles
    assert all(one["scope"] in ("row", "col") for one in page.all("th"))
    assert [one["role"] for one in page.all("p") if one.get("id") == "said"] == ["status"]


def test_what_was_written_is_told_as_json(clip: Path, capsys):
    assert vsr("preview", clip, *TWO, "--json", "--frames", 1) == 0
    *notes, done = map(json.loads, capsys.readouterr().out.splitlines())
    assert {one["event"] for one in notes} == {"note"}
    assert done["event"] == "done"
    assert [one["name"] for one in done["variants"]] == ["Source (Lanczos)", "bicubic", "crf=30"]
    with Image.open(done["sheet"]) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 3 * 192


def test_a_page_that_exists_is_kept_unless_it_may_be_replaced(clip: Path, capsys):
    page = clip.with_name("mine.html")
    page.write_text("mine")
    assert vsr("preview", clip, page, *TWO) == 2
    assert "already exists. Add -y" in capsys.readouterr().err
    assert vsr("preview", clip, page, *TWO, "-n") == 0
    assert page.read_text() == "mine"
    page.unlink()
    clip.with_name("mine.png").write_text("mine, too")
    assert vsr("preview", clip, page, *TWO) == 2
    assert not page.exists()


def test_a_clip_of_one_frame_has_a_page_without_a_loop(tmp_path: Path):
    page = previewed(write_clip(tmp_path / "one.mkv", frames=1))
    assert page.data["loop"] is None
    assert [shot["time"] for shot in page.data["shots"]] == ["0:00.00"]
    assert page.all("video") == []


def test_a_part_of_a_film_is_shown_where_a_part_is_wanted(clip: Path):
    page = previewed(clip, "--start", "0.4", "--end", "0.8", "--frames", "2")
    assert all(0.4 <= seconds < 0.8 for seconds in seconds_of(page))
    assert page.data["loop"]["frames"] == 10


def test_odd_names_do_no_harm(tmp_path: Path):
    name = 'a\'b <script>alert(1)</script> &amp; "ü".mkv'
    if "/" in name:
        name = name.replace("/", "∕")
    page = previewed(write_clip(tmp_path / name, frames=3))
    assert page.texts["h1"] == [name]
    assert len(page.all("script")) == 2
    command = shlex.split(page.texts["code"][0])
    assert command[2] == str(tmp_path / name)


def test_a_tall_film_and_wide_pixels_are_shown_as_players_show_them(tmp_path: Path):
    from fractions import Fraction

    page = previewed(
        write_clip(tmp_path / "a.mp4", frames=4, rotation=90.0, sar=Fraction(3, 2)), "--frames", 1
    )
    assert page.data["shots"][0]["width"] == 128
    assert page.data["shots"][0]["height"] == 288
    shapes = {picture.shape for picture in page.pictures.values()}
    assert shapes == {(288, 128, 3)}


def test_interlaced_and_deep_films_have_a_page_too(tmp_path: Path):
    page = previewed(write_clip(tmp_path / "a.mkv", frames=8, is_interlaced=True))
    assert len(page.pictures) == 9
    page = previewed(
        write_clip(tmp_path / "b.mkv", frames=8, codec="libx265", pix_fmt="yuv420p10le"),
        "--frames", 1,
    )  # fmt: skip
    assert len(page.pictures) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--at", "1.2"], "--at 0:01.20 is beyond its last frame, at 0:01.16"),
        (["--at", "0:09"], "--at 0:09.00 is beyond its end, 0:01.20"),
        (["--at", "9:09"], "--at 9:09.00 is beyond its end, 0:01.20"),
        (["--start", "5"], "no frame"),
        (["--frames", "0"], "frames 0 must be at least 1"),
        (["--frames", "10"], "at most 9 frames"),
        (["--try", "fats"], "fats: no model, preset or look of that name. Did you mean fast?"),
        (
            ["--try", "crff=3"],
            "--try crff=3: No such option '--crff'. (Did you mean one of: '--crf', '--crop'?)",
        ),
        (["--try", "crf=x"], "'x' is not a number"),
        (["--try", "crf=99"], "crf 99 must be between 0 and 51"),
        (["--try", ""], "nothing to try"),
        (["--try", "'crf"], "Close the quotation"),
        (["--try", "1080p,scale=2"], "choose one of --preset, --scale"),
        (["--try", "crf=1", "--try", "crf=2", "--try", "crf=3", "--try", "crf=4"], "at most 4"),
        (["--try", "codec=prores,format=mp4"], "cannot hold prores"),
        (["--crf", "99"], "crf 99 must be between 0 and 51"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(clip: Path, capsys, arguments, message):
    assert vsr("preview", clip, *QUICK, *arguments) == 2
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert message in line
    assert shown.out == ""
    assert [path.name for path in clip.parent.iterdir()] == ["in.mp4"]


def test_what_is_no_film_and_where_no_page_can_be_is_refused(clip: Path, capsys):
    folder = clip.parent
    (folder / "text.mp4").write_text("Dear diary.\n" * 99)
    Image.new("RGB", (8, 8)).save(folder / "photo.png")
    (folder / "page.html").mkdir()
    for arguments, message in (
        ([folder / "none.mp4"], "no such file"),
        ([folder / "text.mp4"], "not a media file"),
        ([folder / "photo.png"], "is an image, and a preview shows a video"),
        ([folder / "page.html"], "page.html: a preview shows one video"),
        (["-"], "Save it to a file"),
        ([clip, folder / "out.mp4"], "Give a name that ends in .html"),
        ([clip, clip / "none" / "out.html"], "is not a folder"),
        ([clip, "/proc/out.html"], "cannot be written"),
    ):
        assert vsr("preview", *arguments, *QUICK) == 2, arguments
        assert message in capsys.readouterr().err
    assert vsr("preview", clip, folder / "page.html", *QUICK, "-q", "--frames", 1) == 0
    assert (folder / "page.html" / "in-preview.html").exists()


def test_no_browser_is_told_and_the_page_is_there(clip: Path, capsys, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert vsr("preview", clip, *QUICK, "--open", "--frames", 1) == 0
    assert "no browser was found" in capsys.readouterr().err
    assert clip.with_name("in-preview.html").exists()


def test_the_smallest_and_the_largest_frames_fit(tmp_path: Path):
    page = previewed(write_clip(tmp_path / "s.mkv", frames=4, size=Size(16, 16)), "--frames", 1)
    assert len(page.pictures) == 3
