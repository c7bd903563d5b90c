"""The drawings that ``anime`` learns from (`tests.benchmarks.drawn`)."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.benchmarks.drawn import __main__ as drawing
from tests.benchmarks.drawn.cartoon import cartoon, painted
from tests.benchmarks.drawn.hand import SIZE
from tests.benchmarks.drawn.scenes import drawn
from tests.benchmarks.drawn.strokes import Canvas, curve


def photo() -> Image.Image:
    """Return a bright disc with texture before a dark ground."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:120, :160]
    disc = np.where(np.hypot(x - 80, y - 60) < 40, 200, 50)[..., None] + rng.normal(
        0, 6, (120, 160, 3)
    )
    return Image.fromarray(disc.clip(0, 255).astype(np.uint8))


def roughness(picture: Image.Image, box: tuple[int, int, int, int]) -> float:
    return float(np.asarray(picture.crop(box), np.float32).std(axis=(0, 1)).mean())


def test_a_seed_gives_a_picture_and_another_another():
    one, same, other = (np.asarray(drawn(seed)) for seed in (0, 0, 4))
    assert one.shape == (SIZE[1], SIZE[0], 3)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_line_is_as_wide_as_was_asked_and_tapers():
    canvas = Canvas((60, 40), (255, 255, 255))
    canvas.ink(curve([(5, 20), (30, 20), (55, 20)]), 4, (0, 0, 0), 1.0)
    ink = 1 - np.asarray(canvas.finished(), np.float32)[..., 0] / 255
    widths = ink.sum(axis=0)
    assert widths[30] == pytest.approx(4, abs=0.4)
    assert widths[8] < widths[20] < widths[30]


def test_a_photograph_becomes_smooth_fields_with_ink_between():
    made = cartoon(photo(), seed=1)
    flat = (65, 45, 95, 75)
    assert roughness(made, flat) < 0.5 * roughness(photo(), flat)
    assert cartoon(photo(), seed=1).tobytes() == made.tobytes()


def test_a_painted_background_keeps_some_texture():
    flat = (65, 45, 95, 75)
    assert 0.1 < roughness(painted(photo(), seed=1), flat) / roughness(photo(), flat) < 0.9


def test_only_what_lacks_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    photo().save(tmp_path / "photo.png")
    for name in ("SCENES", "CARTOONS", "PHOTOS"):
        monkeypatch.setattr(drawing, name, int(name == "PHOTOS"))
    out = tmp_path / "out"
    drawing.draw([tmp_path / "photo.png"], out)
    assert [path.name for path in out.iterdir()] == ["photo_00.png"]
    (out / "photo_00.png").write_bytes(b"mine")
    drawing.draw([tmp_path / "photo.png"], out)
    assert (out / "photo_00.png").read_bytes() == b"mine"
