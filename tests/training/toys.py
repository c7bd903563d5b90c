"""A small prepared data set, and recipes that run in a second."""

from pathlib import Path

import numpy as np
from PIL import Image

from vsr.training.data.prepare import PrepareSpec, prepare

PATCH = 64


def picture(seed: int, height: int = 96, width: int = 128) -> np.ndarray:
    """Smooth noise with edges: (H, W, 3), uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    blocks = coarse[:, :, ::-1].repeat(8, 0).repeat(8, 1)
    return ((smooth.astype(np.uint16) + blocks) // 2).astype(np.uint8)


def prepared(
    folder: Path,
    pictures: int = 4,
    patch: int = PATCH,
    degradations: tuple[str, ...] = (),
    scales: tuple[int, ...] = (2, 4),
) -> Path:
    """Write pictures, prepare them and return the prepared folder."""
    source = folder / "pictures"
    source.mkdir(parents=True)
    for seed in range(pictures):
        size = (max(96, patch), max(128, patch))
        Image.fromarray(picture(seed, *size)).save(source / f"{seed}.png")
    out = folder / "data"
    spec = PrepareSpec(
        sources=(source,), out=out, patch=patch, degradations=degradations, scales=scales
    )
    prepare(spec)
    return out


def recipe(folder: Path, name: str = "toy", **values: object) -> str:
    """Write a recipe of the pixel step for `lite` ×4 and return its path."""
    table = {"steps": 6, "batch": 2, "patch": 8, "log_steps": 2, "check_steps": 4} | values
    lines = [f"{key} = {_toml(value)}" for key, value in table.items()]
    path = folder / f"{name}.toml"
    head = 'description = "A toy."\npipeline = "train-pixel"\nmodel = "lite"\nscale = 4\n'
    path.write_text(head + "[steps.pixel]\n" + "\n".join(lines) + "\n")
    return str(path)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
