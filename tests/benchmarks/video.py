"""Measure what `fast` makes of compressed video, beside Lanczos, and write the table.

    VSR_DATA=… python -m tests.benchmarks.video [--scale 2] [METHOD ...]

Twelve clips, six of which settings were chosen on, are reduced four times (or twice), encoded by
x264 at three qualities and enlarged by the program itself, from file to planes, as a user's film
would be. Without names: all methods that there are weights for (``VSR_MODELS`` may hold new ones).
The result is written beside this file: ``results/video.json`` (``video_x2.json``), where methods
that are not measured this time keep their figures, and a table made of it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.benchmarks.video_clips import (
    CRFS,
    SCALE,
    SOURCES,
    Source,
    decode,
    encode,
    reduced,
    truth,
)
from tests.benchmarks.video_methods import METHODS, enlarged
from tests.benchmarks.video_scores import Truth
from tests.benchmarks.video_table import table
from vsr.jobs.upscale.segment_worker import SegmentWorker

RESULTS = Path(__file__).with_name("results")


def main() -> None:
    """Measure, then write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, choices=(2, SCALE), default=SCALE)
    parser.add_argument("names", nargs="*", metavar="METHOD", help=", ".join(METHODS))
    typed = parser.parse_args()
    file = RESULTS / ("video.json" if typed.scale == SCALE else f"video_x{typed.scale}.json")
    found = json.loads(file.read_text()) if file.exists() else {}
    wanted = [
        name
        for name, method in METHODS.items()
        if method.is_at_hand(typed.scale) and name in (typed.names or METHODS)
    ]
    folder = Path(os.environ["VSR_DATA"]) / "clips"
    for source in SOURCES:
        for crf, scores in measured(folder, source, wanted, typed.scale):
            row = found.setdefault(source.name, about(source)).setdefault(f"crf {crf}", {})
            row |= scores
            told = {name: row[name]["psnr_y"] for name in wanted}
            print(f"{source.name} crf {crf}: {told}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n")
    file.with_suffix(".md").write_text(table(found, typed.scale))


def about(source: Source) -> dict[str, Any]:
    """Return what stands in the result beside a clip's figures."""
    return {"what": source.what, "is_tuned": source.is_tuned}


def measured(
    folder: Path, source: Source, names: Sequence[str], scale: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each quality, and the figures of each method by name."""
    pictures = truth(folder, source)
    small = [reduced(planes, scale) for planes in pictures]
    judge = Truth.of(pictures, small)
    with tempfile.TemporaryDirectory() as scratch, closing(SegmentWorker()) as worker:
        for crf in CRFS:
            clip = encode(Path(scratch) / f"{crf}.mkv", small, crf)
            scores = {}
            for name in names:
                told, result = enlarged(METHODS[name], clip, decode(clip), worker, scale=scale)
                scores[name] = judge.scores(result) | told
            yield crf, scores


if __name__ == "__main__":
    main()
