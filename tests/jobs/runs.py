"""Toy runs: their recipes, when they are stopped, and what they leave."""

import csv
import json
import tomllib
from pathlib import Path

from vsr.jobs.train import Watch
from vsr.recipes.read import find

GAME = """
description = "A toy game."
pipeline = "train-dpsrgan"
model = "{model}"
scale = 4
[steps.pixel]
steps = 2
batch = 2
patch = 8
log_steps = 1
[steps.adversarial]
steps = 3
batch = 2
patch = 8
log_steps = 1
discriminator_width = 4
real = [0.7, 1.0]
"""


def game_recipe(folder: Path, model: str = "swift-srgan") -> str:
    """Write a recipe of a pixel and an adversarial step, and return its path."""
    path = folder / "game.toml"
    path.write_text(GAME.format(model=model))
    return str(path)


def shrunk_recipe(name: str, folder: Path) -> str:
    """Write a shipped recipe at toy size, and return its path; every other value stays."""
    table = tomllib.loads(find("presets/train", name).text)
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items() if key != "steps"]
    adversarial = 24 if table["model"] == "dpsrgan" else 8
    small = {"steps": 2, "batch": 2, "patch": 8, "log_steps": 1, "check_steps": 2}
    for step, shipped in table["steps"].items():
        values = shipped | small
        if "border" in shipped:
            values |= {"border": 0}
        if "discriminator" in shipped:
            values |= {"steps": 1, "batch": 1, "patch": adversarial, "collapse_db": 99.0}
        if "perceptual" in shipped:
            values |= {"perceptual_taps": [3]}
        if shipped.get("discriminator") == "unet":
            values |= {"discriminator_width": 4}
        lines += [f"[steps.{step}]", *(f"{key} = {json.dumps(v)}" for key, v in values.items())]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines))
    return str(path)


def stop_after(steps: int) -> Watch:
    """Ask to stop after so many steps."""
    asked = iter(range(steps - 1))
    return Watch(should_stop=lambda: next(asked, None) is None)


def log_of(
    folder: Path, columns: tuple[str, ...] = ("step", "loss", "psnr_db")
) -> list[tuple[str, ...]]:
    """Return columns of a run's log, row by row."""
    with (folder / "log.csv").open(newline="") as file:
        return [tuple(row[column] for column in columns) for row in csv.DictReader(file)]
