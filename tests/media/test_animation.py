"""Animated images are films: every frame at its time, transparency and loop count included."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.cli.command import vsr
from tests.clips import times_in
from vsr.media.animation import animation_as_film, is_animated
from vsr.media.reading.probe import probe
from vsr.media.resume.manifest import source_facts

QUICK = ["--model", "bicubic", "-s", 2]
MILLISECONDS = (100, 40, 250, 700)


def write_animation(path: Path) -> Path:
    frames = []
    for index in range(4):
        frame = Image.new("RGBA", (96, 64), (0, 255, 0, 0))
        place = (10 + 5 * index, 10, 50 + 5 * index, 50)
        ImageDraw.Draw(frame).rectangle(place, fill=(200, 0, 0, 255))
        frames.append(frame)
    options = {
        ".gif": {"disposal": 2}, ".avif": {"quality": 100, "subsampling": "4:4:4"}
    }.get(path.suffix, {"lossless": True})  # fmt: skip
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=3, **options
    )
    return path


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_an_animation_becomes_a_film_with_its_times(tmp_path: Path, suffix: str) -> None:
    source, target = write_animation(tmp_path / f"in{suffix}"), tmp_path / "out.mkv"
    assert vsr("upscale", source, target, *QUICK) == 0
    assert times_in(target) == [Fraction(time, 1000) for time in (0, 100, 140, 390)]
    assert probe(target).metadata.get("LOOP") == (None if suffix == ".avif" else "3")
    with av.open(str(target)) as film:
        frames = list(film.decode(video=0))
    for index, frame in enumerate(frames):
        alpha = frame.to_ndarray(format="rgba")[..., 3]
        assert (alpha[60, 40 + 10 * index], alpha[4, 4], alpha[120, 180]) == (255, 0, 0)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_what_would_become_of_an_animation_is_told_under_its_name(
    tmp_path: Path, monkeypatch, capsys, suffix: str
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    source, target = write_animation(tmp_path / f"in{suffix}"), tmp_path / "out.mkv"
    for command in (
        ["probe", source],
        ["probe", source, target, *QUICK],
        ["upscale", source, target, *QUICK, "--dry-run"],
    ):
        assert vsr(*command) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"file       {source}, ")
        assert "\nvideo      96×64, " in shown


def test_the_last_frame_lasts_as_long_as_it_says(tmp_path: Path) -> None:
    source = write_animation(tmp_path / "in.webp")
    assert vsr("upscale", source, tmp_path / "out.mov", *QUICK) == 0
    with av.open(str(tmp_path / "out.mov")) as film:
        assert film.duration == 1_090_000


def test_a_still_name_stays_an_image(tmp_path: Path, capsys) -> None:
    source = write_animation(tmp_path / "in.webp")
    assert vsr("upscale", source, tmp_path / "out.png", *QUICK) == 3
    assert "only the first of 4 images" in capsys.readouterr().err
    for name in ("still.webp", "still.avif"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
        assert not is_animated(tmp_path / name)


@pytest.mark.parametrize("options", [[], ["--workers", 2], ["--dry-run"]], ids=str)
def test_an_animation_of_a_batch_becomes_a_film(tmp_path: Path, options, capsys) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for suffix in (".gif", ".png", ".webp", ".avif"):
        write_animation(folder / f"{suffix[1:]}{suffix}")
    Image.new("RGB", (8, 6)).save(folder / "still.png")
    assert vsr("batch", folder, out, *QUICK, "--crf", 20, *options) == (
        0 if "--dry-run" in options else 3
    )
    shown = capsys.readouterr()
    assert "Ignored for 1 image: --crf." in shown.out + shown.err
    if "--dry-run" in options:
        assert "5 to do (4 videos, 1 image, " in shown.out
        return
    assert {path.name for path in out.iterdir() if path.name[0] not in ".v"} == {
        "gif.mp4", "png.mp4", "webp.mp4", "avif.mp4", "still.png",
    }  # fmt: skip
    for name in ("gif", "png", "webp", "avif"):
        assert times_in(out / f"{name}.mp4") == [
            Fraction(time, 1000) for time in (0, 100, 140, 390)
        ]
    assert vsr("batch", folder, out, *QUICK, "--crf", 20, "-q") == 0
    assert vsr("upscale", folder / "webp.webp", *QUICK, "-q") == 3  # mp4 is opaque
    assert len(times_in(folder / "webp-x2.mp4")) == 4


def test_what_stands_for_an_animation_is_the_same_again(tmp_path: Path) -> None:
    source = write_animation(tmp_path / "in.webp")
    with animation_as_film(source) as film:
        before = source_facts(film)
    with animation_as_film(source) as film:
        assert source_facts(film) == before


@pytest.mark.parametrize("suffix", [".gif", ".apng"])
def test_an_animation_of_one_frame_is_a_picture(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    still = folder / f"still{suffix}"
    Image.new("RGB", (8, 6), (250, 0, 40)).save(still, "GIF" if suffix == ".gif" else "PNG")
    write_animation(folder / "moves.gif")
    assert vsr("upscale", still, tmp_path / "one.png", *QUICK) == 0
    assert vsr("batch", folder, tmp_path / "out", *QUICK, "-q") == 3  # mp4 is opaque
    for picture in (tmp_path / "one.png", tmp_path / "out/still.png"):
        with Image.open(picture) as image:
            assert image.size == (16, 12)
            assert image.convert("RGB").getpixel((3, 3)) == (250, 0, 40)
    assert (tmp_path / "out/moves.mp4").exists()
    assert vsr("upscale", folder / "moves.gif", tmp_path / "two.png", *QUICK) == 2


def test_a_picture_has_no_halo_of_what_is_hidden(tmp_path: Path) -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[..., 1] = 255  # green under nothing
    pixels[8:24, 8:24] = (200, 0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    assert vsr("upscale", tmp_path / "in.png", tmp_path / "out.png", *QUICK) == 0
    with Image.open(tmp_path / "out.png") as image:
        large = np.asarray(image)
    visible = large[..., 3] > 4
    assert large[visible][:, 1].max() <= 2
    assert large[visible][:, 0].min() >= 198
