"""Measure what adversarial training brings and costs, each flavour against the net it came from.

    VSR_DATA=… python -m tests.benchmarks.perceptual [--taps 2,5,10,15] [NAME=BASE ...]

Without names: every network whose name ends as an adversarial flavour's does. Pictures are Set14
and BSD100 under the standard protocol. The feature distances are taken at blocks of MobileNetV2
that no loss looked at: choose others with ``--taps`` where one did. The grid is `periodicity` over
the truth's. Flicker is measured on the clips of the video benchmark. ``results/perceptual.json``
and ``.md`` beside this file are written.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Any

import numpy as np
import torch

from tests.benchmarks.perceptual_table import table
from tests.benchmarks.periodicity import periodicity
from tests.benchmarks.video_clips import SOURCES, decode, encode, reduced, truth
from tests.benchmarks.video_methods import Method, enlarged
from tests.benchmarks.video_scores import Truth
from vsr.errors import InvalidData
from vsr.jobs.evaluate import parameter_files
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.media.images.pictures import Picture, pictures_in, read_picture
from vsr.metrics.enlarge import Enlarge, by_network
from vsr.metrics.features import Features, cosine_distance, relative_distance
from vsr.metrics.niqe import Pristine, niqe
from vsr.metrics.protocol import fidelity, luma, standard_pair
from vsr.models import catalog

RESULTS = Path(__file__).with_name("results")
SETS = ("Set14", "BSD100")
ENDS = ("-perceptual", "-gan")
TAPS = (2, 5, 10, 15)
"""Blocks that no shipped recipe looks at: those that look at several have 1, 3, 4, 6, 8, 9, 11, 13
and 14, SwiftSRGAN's own 16 or 18."""

SCALE, CRF = 4, 18
PERIODS = (4, 2)
"""Of the grid, in pixels: the cells of ×4, and half of that."""


def main() -> None:
    """Measure, then write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taps", default=",".join(map(str, TAPS)))
    parser.add_argument("pairs", nargs="*", metavar="NAME=BASE")
    typed = parser.parse_args()
    taps = [int(tap) for tap in typed.taps.split(",")]
    pairs = [tuple(pair.split("=")) for pair in typed.pairs] or list(known_pairs())
    file = RESULTS / "perceptual.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    for name, base in pairs:
        of_both = {role: measured(model, taps) for role, model in (("own", name), ("base", base))}
        found[name] = {"base_name": base, "taps": taps, **of_both}
        file.write_text(json.dumps(found, indent=1) + "\n")
        (RESULTS / "perceptual.md").write_text(table(found))


def known_pairs() -> Iterator[tuple[str, str]]:
    """Yield each adversarial flavour that there are weights for, and its pixel network."""
    names = set(catalog.names())
    for name in sorted(names):
        for end in ENDS:
            if name.endswith(end) and name.removesuffix(end) in names:
                yield name, name.removesuffix(end)


def measured(name: str, taps: Sequence[int]) -> dict[str, Any]:
    """Return the figures of one network."""
    model = catalog.load(name, SCALE)
    assert model.net is not None
    enlarge = by_network(model.net, model.traits.radius)
    folder = Path(os.environ["VSR_DATA"]) / "benchmarks"
    scores = {one: on_pictures(enlarge, folder / one, taps) for one in SETS}
    return {"weights": model.sha256[:12], **scores, "flicker": flicker(name)}


def on_pictures(enlarge: Enlarge, folder: Path, taps: Sequence[int]) -> dict[str, float]:
    """Return the means over a folder of pictures."""
    features_file, niqe_file = parameter_files()
    assert features_file is not None
    assert niqe_file is not None
    features, pristine = Features.open(features_file), Pristine.open(niqe_file)
    inner = slice(SCALE, -SCALE)
    values: dict[str, list[float]] = {"psnr_y": [], "relative": [], "cosine": [], "niqe": []}
    grid: dict[str, list[float]] = {f"grid_{period}": [] for period in PERIODS}
    for path in pictures_in(folder):
        pair = standard_pair(read_picture(path), SCALE, enlarge)
        result, true = pair.result[inner, inner], pair.truth[inner, inner]
        values["psnr_y"].append(fidelity(pair, SCALE).psnr_y)
        for period in PERIODS:
            ratio = periodicity(luma(result), period) / periodicity(luma(true), period)
            grid[f"grid_{period}"].append(ratio)
        with torch.inference_mode():
            outputs = [features(_tensor(picture), taps) for picture in (result, true)]
            values["relative"].append(float(relative_distance(*outputs)))
            values["cosine"].append(float(cosine_distance(*outputs)))
        try:
            values["niqe"].append(niqe(luma(result), pristine))
        except InvalidData:  # too small or too flat for it
            continue
    means = {name: fmean(one) for name, one in values.items()}
    means |= {name: geometric_mean(one) for name, one in grid.items()}
    rounded = {name: round(mean, 4) for name, mean in means.items()}
    print(folder.name, rounded, flush=True)
    return rounded


def flicker(name: str) -> float:
    """Return how much a network flickers on the clips of the video benchmark, on the mean."""
    folder = Path(os.environ["VSR_DATA"]) / "clips"
    ratios = []
    with tempfile.TemporaryDirectory() as scratch, closing(SegmentWorker()) as worker:
        for source in SOURCES:
            pictures = truth(folder, source)
            small = [reduced(planes) for planes in pictures]
            clip = encode(Path(scratch) / f"{source.name}.mkv", small, CRF)
            _, result = enlarged(Method(model=name), clip, decode(clip), worker)
            ratio = Truth.of(pictures, small).flicker(result)
            ratios += [] if ratio is None else [ratio]
    return round(fmean(ratios), 4)


def _tensor(rgb: Picture) -> torch.Tensor:
    planes = np.ascontiguousarray(np.moveaxis(rgb, 2, 0)[None])
    return torch.from_numpy(planes).float() / 255


if __name__ == "__main__":
    main()
