"""``vsr compare A B``: two files on one page, their frames matched by time."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.cli.command import QUICK, vsr
from tests.clips import index_of, write_clip
from tests.jobs.preview.pages import ReadPage, read_page
from tests.media.sample_entries import clean_aperture, with_box
from vsr.values import Size

HALF = Fraction(25, 2)


def compared(first: Path, second: Path, *options: object) -> ReadPage:
    assert vsr("compare", first, second, *options, "-q", "-y") == 0
    return read_page(second.with_name(f"{second.stem}-compare.html"))


def indices(page: ReadPage) -> list[tuple[int, int]]:
    """The bar codes of each frame, left and right."""
    pictures = page.pictures
    return [
        (index_of(pictures[shot, 0][..., 1]), index_of(pictures[shot, 1][..., 1]))
        for shot in range(len(page.data["shots"]))
    ]


def test_two_files_of_different_sizes_show_the_same_frames(clip: Path, tmp_path: Path):
    large = write_clip(tmp_path / "large.mkv", frames=30, size=Size(192, 128))
    page = compared(clip, large)
    assert all(left == right for left, right in indices(page))
    assert {picture.shape for picture in page.pictures.values()} == {(128, 192, 3)}
    loop = page.data["loop"]
    for number, frame in enumerate(page.loop()):
        for left, top in loop["tiles"]:
            tile = frame[top : top + loop["height"], left : left + loop["width"], 1]
            assert index_of(tile) == number
    assert "PSNR and SSIM need two files of one size." in page.texts["li"]


def test_frames_are_matched_by_time_and_not_by_number(clip: Path, tmp_path: Path):
    # Every second frame, and all times half an hour later.
    other = write_clip(
        tmp_path / "other.mkv", frames=15, rate=HALF, time_base=Fraction(1, 1000),
        pts=[1_800_000 + 80 * i for i in range(15)],
    )  # fmt: skip
    page = compared(clip, other, "--at", "0.32", "--at", "0.8")
    assert indices(page) == [(8, 4), (20, 10)]
    assert page.texts["h1"] == ["in.mp4 and other.mkv"]


def test_equal_sizes_are_measured(clip: Path, tmp_path: Path):
    page = compared(clip, write_clip(tmp_path / "b.mkv", frames=30, options={"crf": "40"}))
    cells = " ".join(page.texts["td"])
    assert "dB (" in cells
    same = write_clip(tmp_path / "c.mp4", frames=30)
    assert "100.00 dB" in " ".join(compared(clip, same).texts["td"])


def test_a_turned_file_is_compared_upright(tmp_path: Path):
    plain = write_clip(tmp_path / "a.mp4", frames=8)
    turned = write_clip(tmp_path / "b.mp4", frames=8, rotation=180.0)
    page = compared(turned, write_clip(tmp_path / "c.mp4", frames=8, rotation=180.0))
    assert all(index_of(one[::-1, ::-1, 1]) < 8 for one in page.pictures.values())
    page = compared(plain, turned, "--frames", 1)
    left, right = page.pictures[0, 0], page.pictures[0, 1]
    assert index_of(left[..., 1]) == index_of(right[::-1, ::-1, 1])


def test_what_headers_hide_is_not_compared(tmp_path: Path):
    source = write_clip(tmp_path / "a.mp4", frames=8)
    with_box(source, clean_aperture((80, 1), (40, 1), (0, 1), (0, 1)))
    page = compared(source, write_clip(tmp_path / "b.mp4", frames=8, size=Size(80, 40)))
    assert {picture.shape for picture in page.pictures.values()} == {(40, 80, 3)}


def test_the_shorter_file_decides_what_is_shown(clip: Path, tmp_path: Path):
    short = write_clip(tmp_path / "short.mkv", frames=10)
    page = compared(clip, short, "--frames", 5)
    assert all(left == right < 10 for left, right in indices(page))


def test_an_excerpt_is_shown_beside_where_it_begins(clip: Path, tmp_path: Path):
    part = write_clip(tmp_path / "part.mkv", frames=12, first_index=10)
    page = compared(clip, part, "--start", "0.4", "--frames", 3, "--at", "0.52")
    assert (13, 13) in indices(page)
    assert all(left == right for left, right in indices(page))
    loop = page.data["loop"]
    for number, frame in enumerate(page.loop(), start=10):
        for left, top in loop["tiles"]:
            tile = frame[top : top + loop["height"], left : left + loop["width"], 1]
            assert index_of(tile) == number
    assert "part.mkv begins at 0:00.40 of in.mp4; frames are matched by time." in page.texts["li"]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_what_vsr_made_of_a_part_says_where_it_begins(
    clip: Path, tmp_path: Path, capsys, suffix: str
):
    part = tmp_path / f"part.{suffix}"
    assert vsr("upscale", clip, part, *QUICK, "--start", "0.4", "-q") == 0
    page = compared(clip, part, "--frames", 3)
    assert all(left == right >= 10 for left, right in indices(page))
    assert f"part.{suffix} begins at 0:00.40 of in.mp4;" in " ".join(page.texts["li"])
    capsys.readouterr()
    assert vsr("compare", clip, part, "-y") == 0
    said = f"part.{suffix} says that it begins at 0:00.40; --start 0 compares from its beginning."
    assert said in capsys.readouterr().err
    page = compared(clip, part, "--frames", 3, "--start", 0)
    assert all(right == left + 10 for left, right in indices(page))


def test_a_part_of_another_film_is_compared_from_its_beginning(clip: Path, tmp_path: Path):
    part = tmp_path / "part.mkv"
    assert vsr("upscale", clip, part, *QUICK, "--start", "0.4", "-q") == 0
    cut = write_clip(tmp_path / "cut.mkv", frames=20, first_index=10)
    page = compared(cut, part, "--frames", 3)
    assert all(left == right for left, right in indices(page))


def test_two_files_of_unlike_length_are_said_to_begin_together(tmp_path: Path, capsys):
    long = write_clip(tmp_path / "long.mkv", frames=50)
    short = write_clip(tmp_path / "short.mkv", frames=10)
    assert vsr("compare", long, short, "-y") == 0
    said = "short.mkv is shorter, and both are compared from their beginning. If it begins later"
    assert said in capsys.readouterr().err
    assert vsr("compare", long, short, "-y", "--start", "0.1") == 0
    assert "from their beginning" not in capsys.readouterr().err


def test_what_cannot_be_compared_is_refused_in_one_line(clip: Path, tmp_path: Path, capsys):
    other = write_clip(tmp_path / "b.mkv", frames=10)
    for arguments, message in (
        ([clip, clip], "compared with itself"),
        ([clip, tmp_path / "none.mkv"], "no such file"),
        ([clip, other, tmp_path / "out.mkv"], "ends in .html"),
        ([clip, other, "--at", "1"], "b.mkv: --at 0:01.00 is beyond its"),
        (
            [clip, other, "--start", "0.4", "--at", "1"],
            "b.mkv: --at 0:01.00 minus --start: 0:00.60 is beyond its last frame, at 0:00.36.",
        ),
        ([clip, other, "--frames", "0"], "at least 1"),
        ([clip, other, "--start", "0.4", "--at", "0.2"], "--at 0:00.20 is before --start 0:00.40."),
        ([clip, other, "--start", "9"], "in.mp4: --start 0:09.00 is beyond its end, 0:01.20."),
        ([clip], "Missing argument 'B'"),
    ):
        assert vsr("compare", *arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.mkv", "in.mp4"]


@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_clips_have_a_page(tmp_path: Path, frames: int):
    a = write_clip(tmp_path / "a.mkv", frames=frames)
    page = compared(a, write_clip(tmp_path / "b.mkv", frames=frames))
    assert len(page.pictures) == 2 * frames
    assert (page.data["loop"] is None) == (frames == 1)
