"""Animated images and images in order are films for pages and measurements too."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.barcode import SMALL, index_of, picture
from tests.cli.command import QUICK, vsr
from tests.clips import write_clip
from tests.jobs.preview.pages import read_page


def pictures(count: int = 12) -> list[Image.Image]:
    lumas = (picture(index, SMALL)[0] for index in range(count))
    return [Image.fromarray(np.asarray(luma)).convert("RGB") for luma in lumas]


def animation(path: Path) -> Path:
    first, *rest = pictures()
    first.save(path, save_all=True, append_images=rest, duration=40, lossless=True)
    return path


def folder_of_images(folder: Path) -> Path:
    folder.mkdir()
    for index, image in enumerate(pictures()):
        image.save(folder / f"{index:03}.png")
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    folder = folder_of_images(tmp_path / "frames")
    return {
        "webp": animation(tmp_path / "an.webp"),
        "png": animation(tmp_path / "an.png"),
        "folder": folder,
        "pattern": folder / "%03d.png",
        "glob": folder / "*.png",
    }


@pytest.mark.parametrize("kind", ["webp", "png", "folder", "pattern", "glob"])
def test_a_preview_takes_them_and_says_how_to_make_the_film(
    kind: str, sources: dict[str, Path], tmp_path: Path
):
    source = sources[kind]
    assert vsr("preview", source, *QUICK, "--try", "crf=30", "--at", "0.2", "-q") == 0
    name = "an" if kind in ("webp", "png") else "frames"
    page = read_page(tmp_path / f"{name}-preview.html")
    assert [index_of(page.pictures[0, side][..., 1]) for side in range(3)] == [5, 5, 5]
    commands = page.texts["code"]
    result = f"{tmp_path / name}-x2.{'mp4' if name == 'an' else 'mkv'}"
    assert all(result in one for one in commands[1:]), commands


@pytest.mark.parametrize("kind", ["webp", "folder", "glob"])
def test_they_are_compared_and_measured(
    kind: str, sources: dict[str, Path], tmp_path: Path, capsys
):
    truth, other = sources["png"], sources[kind]
    assert vsr("compare", truth, other, "--at", "0.2", "--json", "-q") == 0
    name = "an" if kind == "webp" else "frames"
    page = read_page(tmp_path / f"{name}-compare.html")
    assert [index_of(page.pictures[0, side][..., 1]) for side in range(2)] == [5, 5]
    capsys.readouterr()
    assert vsr("evaluate", truth, other, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["count"], found["reference"], found["result"]) == (12, str(truth), str(other))
    assert found["psnr_y"] == 100


@pytest.mark.parametrize("is_first", [True, False])
def test_images_have_the_rate_of_the_film_beside_them(
    is_first: bool, sources: dict[str, Path], tmp_path: Path, capsys
):
    film = write_clip(tmp_path / "slow.mkv", size=SMALL, rate=Fraction(10), frames=12)
    pair = (sources["folder"], film) if is_first else (film, sources["folder"])
    said = "frames: images, read as 10 frames a second, as slow.mkv has"
    assert vsr("compare", *pair, "--at", "0.5") == 0
    assert said in capsys.readouterr().err
    page = read_page(tmp_path / f"{pair[1].stem}-compare.html")
    assert [index_of(page.pictures[0, side][..., 1]) for side in range(2)] == [5, 5]
    assert vsr("evaluate", *pair) == 0
    assert said in capsys.readouterr().err
    assert vsr("evaluate", sources["folder"], sources["glob"]) == 0
    assert "read as 25 frames a second" in capsys.readouterr().err


def test_one_is_measured_by_a_benchmark(sources: dict[str, Path], capsys):
    words = ["-m", "bicubic", "-s", 2, "--frames", 2, "--repeat", 1, "--discard-output", "-q"]
    assert vsr("bench", sources["webp"], *words) == 0
    assert "96×64 → 192×128" in capsys.readouterr().out
