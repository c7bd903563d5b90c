"""``--scale 1``: the same size, restored by a network."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.command import vsr
from tests.clips import indices_in, write_clip
from vsr.media.images.images import image_size
from vsr.media.reading.probe import probe
from vsr.values import Size


def test_a_film_is_restored_at_its_own_size(tmp_path: Path, capsys) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3)
    options = ["--model", "lite", "-s", 1, "--encoder-preset", "ultrafast"]
    assert vsr("upscale", clip, tmp_path / "out.mp4", *options) == 0
    assert probe(tmp_path / "out.mp4").video.size == Size(96, 64)
    assert indices_in(tmp_path / "out.mp4") == [0, 1, 2]
    said = capsys.readouterr().err
    assert "the network enlarges ×4, and its result is reduced to the source's size" in said


@pytest.mark.parametrize(("model", "most"), [("bicubic", 0.6), ("lite", 12)])
def test_an_image_keeps_its_size_and_what_it_shows(tmp_path: Path, model: str, most: float) -> None:
    rows, columns = np.mgrid[0:65, 0:97]
    soft = 128 + 60 * np.sin(rows / 9) * np.cos(columns / 11)
    Image.fromarray(soft.astype(np.uint8)).save(tmp_path / "in.png")
    assert vsr("upscale", tmp_path / "in.png", tmp_path / "out.png", "-m", model, "-s", 1) == 0
    assert image_size(tmp_path / "out.png") == Size(97, 65)
    with Image.open(tmp_path / "out.png") as image:
        difference = np.asarray(image).astype(float) - soft.astype(np.uint8)
    assert np.abs(difference).max() <= most
