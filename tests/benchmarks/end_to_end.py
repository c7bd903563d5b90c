"""Each model from file to file on this CPU, 480×270 → 1080p, and the cost for each pixel.

Run: ``python -m tests.benchmarks.end_to_end`` (``make bench``), under six minutes on two idle
cores. ``--swift FILE`` names the published weights, else random ones serve (speed is equal).
``--linearity`` measures time = a + b · pixels instead, from 120 to 1080 rows; ``--precision bf16``
the networks that compute in it. The results go to ``tests/benchmarks/results``; measure on a
machine that does nothing else.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.device import RESULTS, write
from tests.benchmarks.rows import Row, bench, print_table, weights_for
from vsr.device.select import select
from vsr.jobs.bench.bench_stages import own_clip
from vsr.values import Size

MODELS = {"fp32": ("bicubic", "lite", "fast", "swift-srgan"), "bf16": ("lite", "fast")}
PARTS = {"fp32": "end_to_end", "bf16": "end_to_end_bf16"}
"""By precision: what is measured, and what the results are filed under."""

PUBLISHED = Path("weights/swift_srgan_4x.pth.tar")

HEIGHTS = (120, 180, 270, 360, 540, 720, 1080)
PIXELS_PER_POINT = 4_000_000
"""Every size does so many source pixels in a run: small pictures more frames."""


def end_to_end(folder: Path, swift: Path | None, precision: str, options: list[str]) -> list[Row]:
    """Measure every model of a precision at 480×270 → 1080p."""
    rows = []
    for model in MODELS[precision]:
        if model == "swift-srgan" and swift is not None:
            name = str(swift)
        else:
            name = weights_for(model, 4, folder)
        row = bench(
            "-d", "cpu", "--precision", precision, "-p", "1080p", "-m", name, *options
        )  # fmt: skip
        rows.append(row | {"model": model, "random_weights": name.endswith("random.safetensors")})
    return rows


def linearity(model: str, folder: Path, repeats: str) -> Row:
    """Measure time = a + b · pixels: the network, and all stages, output discarded."""
    points = []
    for height in HEIGHTS:
        size = Size(round(height * 16 / 9 / 2) * 2, height)
        frames = max(3, round(PIXELS_PER_POINT / size.pixels))
        clip = own_clip(size, max(frames, 12), folder)
        name = weights_for(model, 4, folder)
        row = bench(
            str(clip), "-d", "cpu", "-s", "4", "-m", name, "--frames", str(frames),
            "--repeat", repeats, "--discard-output", "--no-plain-loop",
        )  # fmt: skip
        point = {
            "size": str(size),
            "pixels": size.pixels,
            "frames": frames,
            "network_ms": row["stages"]["network"]["ms"],
            "whole_ms": 1000 / row["whole_fps"],
        }
        points.append(point)
        print({key: value for key, value in point.items() if key != "pixels"}, flush=True)
    fits = {kind: fit(points, kind) for kind in ("network_ms", "whole_ms")}
    for kind, found in fits.items():
        print(kind, found)
    return {"model": model, "points": points, "fits": fits}


def fit(points: list[Row], kind: str) -> dict[str, float]:
    """Fit a + b · pixels by least squares of the relative error; return it and the worst point."""
    pixels = np.array([point["pixels"] for point in points], float)
    times = np.array([point[kind] for point in points], float)
    design = np.stack([1 / times, pixels / times], axis=1)
    (a, b), *_ = np.linalg.lstsq(design, np.ones(len(times)), rcond=None)
    worst = float(np.abs((a + b * pixels) / times - 1).max())
    return {"a_ms": round(a, 3), "b_ms_per_megapixel": round(b * 1e6, 2), "worst": round(worst, 3)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    data = os.environ.get("VSR_DATA")
    published = Path(data) / PUBLISHED if data else None
    parser.add_argument("--swift", type=Path, default=published)
    parser.add_argument("--linearity", metavar="MODEL", nargs="?", const="lite")
    parser.add_argument("--precision", choices=tuple(MODELS), default="fp32")
    parser.add_argument("--repeat", default="3")
    parser.add_argument("--frames", help="of each run, to try it out")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--json", action="store_true", help="print rows as lines, write nothing")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if wanted.linearity:
            part, result = "linearity", linearity(wanted.linearity, folder, wanted.repeat)
        else:
            options = ["--repeat", wanted.repeat]
            options += ["--frames", wanted.frames] if wanted.frames else []
            part = PARTS[wanted.precision]
            result = end_to_end(folder, wanted.swift, wanted.precision, options)
            if wanted.json:
                print("\n".join(json.dumps(row) for row in result))
                return
            print_table(result)
    print(write(select("cpu"), part, result, wanted.results))


if __name__ == "__main__":
    main()
