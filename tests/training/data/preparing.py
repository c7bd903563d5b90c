"""Sets that are prepared from pictures in a folder ``in``."""

from pathlib import Path

from PIL import Image

from vsr.training.data.prepare import PrepareSpec, prepare


def prepare_in(tmp_path, **values):
    out = tmp_path / "out"
    return prepare(PrepareSpec(sources=(tmp_path / "in",), out=out, patch=64, **values)), out


def save(path: Path, image: Image.Image, **options: object) -> None:
    image.save(path, **options)
