"""A large image is done in strips: the same picture, in bounded memory."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.command import vsr
from vsr.jobs.upscale import picture


def noisy(path: Path, width: int, height: int) -> Path:
    rng = np.random.default_rng(3)
    Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("model", "source"),
    [("bicubic", "in.png"), ("lite", "in.png"), ("fast", "in.png"), ("fast", "in.jpg")],
)
@pytest.mark.parametrize(
    "options", [["--scale", "2"], ["--height", "100"], ["--height", "112"]], ids=str
)
def test_strips_make_the_same_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, source: str, options: list[str]
) -> None:
    source = noisy(tmp_path / source, 60, 84)
    quick = ["--model", model, *options, "--precision", "fp32"]
    assert vsr("upscale", source, tmp_path / "whole.png", *quick) == 0
    monkeypatch.setattr(picture, "MOST_PIXELS", 1500)
    assert vsr("upscale", source, tmp_path / "strips.png", *quick) == 0
    whole, strips = (np.asarray(Image.open(tmp_path / f"{one}.png")) for one in ("whole", "strips"))
    assert whole.shape == strips.shape
    assert np.abs(whole.astype(int) - strips).max() <= (0 if "--scale" in options else 1)


@pytest.mark.parametrize("name", ["in.png", "in.jpg"])
def test_strips_keep_the_local_means_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source = noisy(tmp_path / name, 48, 244)
    drawn = ["--sharpness", "1", "--scale", "2", "--precision", "fp32"]
    assert vsr("upscale", source, tmp_path / "whole.png", *drawn) == 0
    monkeypatch.setattr(picture, "MOST_PIXELS", 1500)
    assert vsr("upscale", source, tmp_path / "strips.png", *drawn) == 0
    whole, strips = (np.asarray(Image.open(tmp_path / f"{one}.png")) for one in ("whole", "strips"))
    assert np.array_equal(whole, strips)


MEASURED = """
import resource, sys
from vsr.cli import run
code = run(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_picture_of_20_megapixels_takes_less_than_2_gb(tmp_path: Path) -> None:
    source = noisy(tmp_path / "in.jpg", 5472, 3648)
    options = ["--model", "lite", "--scale", "2", "--quiet"]
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, "upscale", source, tmp_path / "out.jpg", *options],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, kilobytes = map(int, ended.stdout.split()[-2:])
    assert (code, resource.RUSAGE_SELF) == (0, 0)
    assert kilobytes < 2e6
    with Image.open(tmp_path / "out.jpg") as file:
        assert file.size == (10944, 7296)
