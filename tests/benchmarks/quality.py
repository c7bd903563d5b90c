"""Measure every network that there are weights for, and write the table of quality.

    VSR_DATA=… python -m tests.benchmarks.quality [MODEL ...]

Without names: all shipped models at ×4 (×2 where that is all there is), bicubic, and the published
SwiftSRGAN checkpoint. The result is written beside this file: ``results/quality.json``, where
models that are not measured this time keep their figures, and ``results/quality.md`` made of it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from vsr.jobs.evaluate import EvaluateSpec, evaluate, parameter_files
from vsr.models import catalog
from vsr.models.shelf import entries

RESULTS = Path(__file__).with_name("results")
SETS = ("Set5", "Set14", "BSD100")
PUBLISHED = "swift_srgan_4x.pth.tar"
METRICS = ("psnr_y", "ssim_y", "psnr_rgb", "feature_distance", "niqe")


def main(names: list[str]) -> None:
    """Measure, then write both files."""
    data = Path(os.environ["VSR_DATA"])
    file = RESULTS / "quality.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    for name in names or shipped(data):
        model = str(data / "weights" / name) if name == PUBLISHED else name
        found[name] = {folder: measured(model, data / "benchmarks" / folder) for folder in SETS}
        card = catalog.load(model).card
        found[name]["weights"] = card.flavour if card else "–" if name == "bicubic" else "published"
        RESULTS.mkdir(exist_ok=True)
        file.write_text(json.dumps(found, indent=2) + "\n")
        (RESULTS / "quality.md").write_text(table(found))


def shipped(data: Path) -> list[str]:
    """Return the names to measure."""
    names = list(dict.fromkeys(entry.name for entry in entries() if entry.is_shipped))
    published = [PUBLISHED] if (data / "weights" / PUBLISHED).is_file() else []
    return ["bicubic", *names, *published]


def measured(model: str, folder: Path) -> dict[str, float | None]:
    """Return the means of one model on one folder, rounded."""
    features, niqe = parameter_files()
    spec = EvaluateSpec(data=folder, model=model, perceptual_weights=features, niqe_parameters=niqe)
    mean = evaluate(
        spec, lambda done, of: print(f"\r{model} {folder.name} {done}/{of}", end="")
    ).mean
    print()
    values = {metric: getattr(mean, metric) for metric in METRICS}
    return {name: value and round(value, 4) for name, value in values.items()}


def table(found: dict[str, dict]) -> str:
    """Return the table: dB / SSIM of luma, then feature distance and NIQE on BSD100."""
    lines = [
        "Luma PSNR / SSIM, standard protocol, ×4 (made by `make benchmark-quality`).",
        "The feature distance is MobileNetV2's and no LPIPS; it and NIQE: lower is better.",
        "",
        f"| model | weights | {' | '.join(SETS)} | feature distance, BSD100 | NIQE, BSD100 |",
        "|---" * (len(SETS) + 4) + "|",
    ]
    for name, sets in found.items():
        cells = [f"{sets[s]['psnr_y']:.2f} / {sets[s]['ssim_y']:.4f}" for s in SETS]
        last = sets[SETS[-1]]
        others = [
            "–" if last[metric] is None else f"{last[metric]:.3f}"
            for metric in ("feature_distance", "niqe")
        ]
        lines.append(f"| {' | '.join([name, sets['weights'], *cells, *others])} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
