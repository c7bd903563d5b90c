"""Measure every network that there are weights for, and write the table of quality.

    VSR_DATA=… python -m tests.benchmarks.quality [--again] [MODEL ...]

Without names: all shipped models at every scale, bicubic beside them, and the published SwiftSRGAN
checkpoint. The result is written beside this file: ``results/quality.json``, and
``results/quality.md`` made of it. What was measured of the same weights (by their SHA-256) is
kept, so a run that was stopped goes on, and after a training only the new weights are measured.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsr.jobs.evaluate import EvaluateSpec, evaluate, parameter_files
from vsr.models import catalog
from vsr.models.weights_files import known_files, read_card, sha256_of

RESULTS = Path(__file__).with_name("results")
FILE = RESULTS / "quality.json"
SETS = ("Set5", "Set14", "BSD100")
PUBLISHED = "swift_srgan_4x.pth.tar"
METRICS = ("psnr_y", "ssim_y", "psnr_rgb", "feature_distance", "niqe")

Found = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be measured: a model by name or file, at one scale; ``sha256`` of its weights."""

    model: str
    scale: int
    sha256: str = ""
    weights: str = "–"

    @property
    def row(self) -> str:
        """Its name in the results."""
        return f"{Path(self.model).name} ×{self.scale}"


def main() -> None:
    """Measure what is not measured yet, and write both files after each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--again", action="store_true", help="measure what is known, too")
    options = parser.parse_args()
    data = Path(os.environ["VSR_DATA"])
    everything = candidates(data)
    wanted = [c for c in everything if not options.models or c.model in options.models]
    known: Found = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    found = {c.row: known[c.row] for c in everything if known.get(c.row, {}).get("sets")}
    for candidate in wanted:
        row = found.get(candidate.row, {})
        if options.again or row.get("sha256") != candidate.sha256:
            row = {"weights": candidate.weights, "sha256": candidate.sha256, "sets": {}}
        for name in SETS:
            if name not in row["sets"]:
                row["sets"][name] = measured(candidate, data / "benchmarks" / name)
                found[candidate.row] = row
                write(in_order(found, everything))
    write(in_order(found, everything))


def candidates(data: Path) -> list[Candidate]:
    """Return what there is to measure, at ×4 first."""
    found = [Candidate("bicubic", scale) for scale in (4, 2)]
    for entry in known_files():
        if entry.is_shipped:
            card = read_card(entry.path)
            flavour = card.flavour if card else "–"
            found.append(Candidate(entry.name, entry.scale, sha256_of(entry.path), flavour))
    published = data / "weights" / PUBLISHED
    if published.is_file():
        found.append(Candidate(str(published), 4, sha256_of(published), "published"))
    order = list(catalog.NAMES)
    place = lambda name: order.index(name) if name in order else len(order)  # noqa: E731 - one use
    return sorted(found, key=lambda c: (-c.scale, c.model != "bicubic", place(c.model)))


def in_order(found: Found, everything: list[Candidate]) -> Found:
    """Return the rows in the order of the candidates."""
    return {one.row: found[one.row] for one in everything if one.row in found}


def write(found: Found) -> None:
    """Write the figures, and the table made of them; each takes its name when it is whole."""
    RESULTS.mkdir(exist_ok=True)
    for path, text in (
        (FILE, json.dumps(found, indent=2, ensure_ascii=False) + "\n"),
        (FILE.with_suffix(".md"), table({row: found[row] for row in found if full(found[row])})),
    ):
        part = path.with_suffix(".part")
        part.write_text(text, "utf-8")
        part.replace(path)


def full(row: dict[str, Any]) -> bool:
    """Say whether every set is measured."""
    return set(row["sets"]) == set(SETS)


def measured(candidate: Candidate, folder: Path) -> dict[str, float | None]:
    """Return the means of one model on one folder, rounded."""
    features, niqe = parameter_files()
    spec = EvaluateSpec(
        data=folder,
        model=candidate.model,
        scale=candidate.scale,
        perceptual_weights=features,
        niqe_parameters=niqe,
    )
    show = lambda done, of: print(f"\r{candidate.row} {folder.name} {done}/{of}", end="")  # noqa: E731
    mean = evaluate(spec, show).mean
    print(flush=True)
    values = {metric: getattr(mean, metric) for metric in METRICS}
    return {name: value and round(value, 4) for name, value in values.items()}


def table(found: Found) -> str:
    """Return the table: dB / SSIM of luma, then the rest on the last, largest set."""
    last = SETS[-1]
    lines = [
        "Luma PSNR / SSIM, standard protocol (made by `make benchmark-quality`).",
        "The feature distance is MobileNetV2's and no LPIPS; it and NIQE: lower is better.",
        "",
        f"| model | weights | {' | '.join(SETS)} | RGB PSNR, {last} | feature distance, {last} "
        f"| NIQE, {last} |",
        "|---" * (len(SETS) + 5) + "|",
    ]
    for name, row in found.items():
        sets = row["sets"]
        cells = [f"{sets[s]['psnr_y']:.2f} / {sets[s]['ssim_y']:.4f}" for s in SETS]
        digits = {"psnr_rgb": 2, "feature_distance": 3, "niqe": 3}
        others = [
            "–" if sets[last][metric] is None else f"{sets[last][metric]:.{places}f}"
            for metric, places in digits.items()
        ]
        lines.append(f"| {' | '.join([name, row['weights'], *cells, *others])} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
