"""What a lecture gains from tiles that are not computed again: four fifths of them stand still.

Run: ``python -m tests.benchmarks.slides`` on a machine that does nothing else. A slide of 480×270
stands still and a speaker moves in three of its fifteen tiles; planes → planes, with reuse and
without it in turn, median of the repeats. It ends with 1 where an output differs by a bit. The
result goes to ``tests/benchmarks/results``. On a GPU every frame that is not repeated is computed.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tests.benchmarks.device import RESULTS, write
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.select import select
from vsr.device.yuv import YuvFormat
from vsr.frames import HostFrame, Layout
from vsr.jobs.process_setup import keep_large_blocks
from vsr.models import catalog
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.passes.passes import PassSpec
from vsr.values import Size

MODELS = ("fast", "lite")
SIZE, SCALE = Size(480, 270), 4
TILES = 15
"""Cores of 96×90."""

SPEAKER = Size(270, 74)
"""In the lower left corner: as much as three tiles see without their neighbours' seeing it."""

COLOUR = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=Siting.LEFT)
WARM_UPS = 3
"""Frames before the clock starts: the first trial of the tiles is among them."""


@dataclass(frozen=True)
class Run:
    seconds_per_frame: float
    digest: str
    reused_share: float


def lecture(frames: int) -> list[HostFrame]:
    """Return a slide of lines of text and a speaker who never stands still."""
    rng = np.random.default_rng(0)
    layout = Layout()
    slide = [np.full(shape, code, np.uint8) for shape, code in
             zip(layout.plane_shapes(SIZE), (225, 128, 128))]  # fmt: skip
    for top in range(20, 180, 16):
        slide[0][top : top + 8, 30:450] = rng.choice([40, 225], (8, 420), p=[0.4, 0.6])
    pictures = []
    for index in range(frames):
        planes = [plane.copy() for plane in slide]
        for plane, shift in zip(planes, (0, 1, 1)):
            height, width = SPEAKER.height >> shift, SPEAKER.width >> shift
            plane[-height:, :width] = rng.integers(60, 190, (height, width))
        pictures.append(HostFrame(planes=tuple(planes), pts=index, layout=layout, colour=COLOUR))
    return pictures


def run(engine: CpuEngine, frames: Sequence[HostFrame]) -> Run:
    """Enlarge all frames; the first few are not timed, and hashing none of them is."""
    digest, seconds, before = hashlib.sha256(), 0.0, 0
    for index, frame in enumerate(frames):
        if index == WARM_UPS:
            seconds, before = 0.0, engine.reused_tiles
        started = time.perf_counter()
        out = engine.finish(engine.start(frame))
        seconds += time.perf_counter() - started
        for plane in out.planes:
            digest.update(plane.tobytes())
    count = len(frames) - WARM_UPS
    reused_share = (engine.reused_tiles - before) / count / TILES
    return Run(seconds / count, digest.hexdigest(), reused_share)


def measure(name: str, frames: int, repeats: int) -> dict[str, Any]:
    """Return the medians of one model, with reuse and without."""
    model = catalog.load(name, SCALE)
    given = YuvFormat(Layout(), COLOUR)
    spec = PassSpec(
        source=SIZE, source_format=given, output=SIZE.scaled(SCALE), output_format=given,
        scale=SCALE,
    )  # fmt: skip
    pictures = lecture(frames + WARM_UPS)
    runs: dict[bool, list[Run]] = {True: [], False: []}
    for _ in range(repeats):
        for remembers in (False, True):
            with CpuEngine.open(model, spec, remembers=remembers) as engine:
                runs[remembers].append(run(engine, pictures))
    ms = {
        key: round(1000 * median(one.seconds_per_frame for one in own), 2)
        for key, own in runs.items()
    }
    return {
        "model": name,
        "weights": model.sha256[:12],
        "size": f"{SIZE} → {spec.output}",
        "frames": frames,
        "repeats": repeats,
        "reused_share": round(runs[True][0].reused_share, 3),
        "ms_computed": ms[False],
        "ms_reused": ms[True],
        "speedup": round(ms[False] / ms[True], 2),
        "is_identical": len({one.digest for own in runs.values() for one in own}) == 1,
    }


def main() -> None:
    """Measure, print, write; fail where reuse changes a bit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    wanted = parser.parse_args()
    keep_large_blocks()  # as the program does
    rows = []
    for name in MODELS:
        rows.append(measure(name, wanted.frames, wanted.repeat))
        print(rows[-1], flush=True)
    print(write(select("cpu"), "slides", rows, wanted.results))
    sys.exit(not all(row["is_identical"] for row in rows))


if __name__ == "__main__":
    main()
