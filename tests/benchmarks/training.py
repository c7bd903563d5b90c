"""Measure how fast training goes, and which share of the time it waits for its batches.

    python -m tests.benchmarks.training [--device auto] [--seconds 20] [RECIPE ...]

Without names: a recipe of each network. The pictures are made; only the pace is measured. The
result goes into the device's file beside the others, as ``training``.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.benchmarks.device import write
from tests.training.toys import prepared
from vsr.device.select import select
from vsr.errors import Interrupted
from vsr.jobs.train import FitSpec, Watch, fit
from vsr.training.recipe.recipe import Budget, load_recipe
from vsr.training.recipe.values import PixelValues
from vsr.training.run.context import TrainProgress
from vsr.training.run.run_folder import RunFolder

RECIPES = ("lite-x4", "fast-x4", "quality-x4", "swift-srgan-x4", "srgan-x4", "dpsrgan-x4")
Row = dict[str, float | str]
SHORT = "log_steps = 4\n"


def main() -> None:
    """Measure and print a row for each recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", default=RECIPES)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = prepared(Path(folder), pictures=40, patch=256)
        rows = {}
        for name in options.recipes:
            run = Path(folder) / name
            rows[name] = measured(name, data, run, options.device, options.seconds)
            print(name, rows[name])
    print(write(select(options.device), "training", rows))


def measured(name: str, data: Path, run: Path, device: str, seconds: float) -> Row:
    """Train for a while, then return the pace of all intervals but the first."""
    _, recipe = load_recipe(name)
    values: PixelValues = recipe.values("pixel", PixelValues)
    run.mkdir()
    path = run / f"{name}.toml"
    path.write_text(
        f'description = "pace"\npipeline = "train-pixel"\nmodel = "{recipe.model}"\n'
        f"scale = {recipe.scale}\n[steps.pixel]\nbatch = {values.batch}\npatch = {values.patch}\n"
        f"reparameterise = {str(values.reparameterise).lower()}\n{SHORT}"
    )
    seen: list[TrainProgress] = []
    spec = FitSpec(
        recipe=str(path), data=data, out=run / "run", device=device, budget=Budget(steps=10**9)
    )
    has_enough = lambda: len(seen) > 2 and seen[-1].seconds > seconds  # noqa: E731 - read once
    with suppress(Interrupted):  # as asked
        fit(spec, Watch(on_progress=seen.append, should_stop=has_enough))
    steps = seen[-1].step - seen[0].step
    spent = seen[-1].seconds - seen[0].seconds
    return {
        "precision": RunFolder(run / "run").read().precision,
        "steps_per_second": round(steps / spent, 2),
        "low_resolution_pixels_per_second": round(steps * values.batch * values.patch**2 / spent),
        "wait_share": round(sum(line.wait_share for line in seen[1:]) / len(seen[1:]), 4),
    }


if __name__ == "__main__":
    main()
