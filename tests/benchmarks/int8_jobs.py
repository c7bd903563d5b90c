"""How long real jobs take: core milliseconds of each stage, and hours for a film.

Run: ``python -m tests.benchmarks.int8_jobs``. A clip is drawn at each size; its stages, decoder,
network (with colour and what is resized after it) and encoder, run one by one in one thread each,
in CPU time, which other work on the machine hardly disturbs. ``together`` is all of them at once in
the threads of the pipeline, in CPU time too: what it adds to the sum is what sharing costs.

Hours are for 90 minutes at 25 frames a second, if N cores share that work evenly: the network and
x264 each run on all cores, so that no stage alone decides. With two cores and more than two this
is a model, and says so in the result.

Rows of another processor follow from its ``int8-*.json`` (``--like``): all is scaled by what
480×270 → 1080p takes end to end there, over what its stages take here.
"""

import argparse
import json
import os
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import torch

from tests.benchmarks.device import RESULTS
from vsr.device.memory import one_compute_thread
from vsr.device.select import select
from vsr.jobs.bench.bench_stages import Stages, own_clip, timed_run
from vsr.jobs.process_setup import keep_large_blocks
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_worker import step_context
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.upscaling.steps import open_steps
from vsr.values import OutputSize, PtsSpan, Size

JOBS = {
    "480×270 → 1920×1080": (Size(480, 270), OutputSize(scale=4), 6),
    "720×576 → 1440×1080": (Size(720, 576), OutputSize(width=1440, height=1080), 4),
    "1280×720 → 3840×2160": (Size(1280, 720), OutputSize(width=3840, height=2160), 2),
    "1920×1080 → 3840×2160": (Size(1920, 1080), OutputSize(scale=2), 2),
}
"""Source, target, and how many frames are measured."""

STRENGTH, SHARPNESS = 0.7, 0.75
"""The default look of a compressed film."""

SMALL_PIXELS = 500_000
"""Of a source; larger ones are measured once, and not together."""

FILM_FRAMES = 90 * 60 * 25
CORES = (1, 2, 4, 8, 16)
END_TO_END = "fast, default look"
SUPPOSED = "hours of 2 cores and more: the work of one frame over the cores"


def measured(size: Size, target: OutputSize, frames: int, how: str) -> dict[str, float]:
    """Return CPU milliseconds for each frame, by stage."""
    precision, _, steady = how.partition(", ")
    spec = UpscaleSpec(
        size=target,
        steps=("deinterlace", "upscale", "fit"),
        model="fast",
        strength=STRENGTH,
        sharpness=SHARPNESS,
        precision=precision,  # type: ignore[arg-type] # one of both
        steady="on" if steady else "off",
        device="cpu",
        encode=EncodeSpec(codec="h264", encoder_preset="superfast"),
    )
    is_small = size.pixels < SMALL_PIXELS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        job = prepare(own_clip(size, 8), folder / "out.mkv", spec)
        steps = open_steps(job.spec.steps, step_context(job, print), stack)(PtsSpan())
        stages = Stages(job=job, steps=steps, folder=folder)
        ready = stages.decoded()[: frames + 1]
        enlarged = stages.enlarged(ready[:2])
        several, repeats = 3 * frames, 3 if is_small else 1
        with one_compute_thread():
            work = {
                "decoder": lambda: stages.decode(8, threads=1),
                "network": lambda: stages.compute(ready, frames),
                "encoder": lambda: stages.encode(enlarged, several, threads=1),
            }
            found = {
                name: 1000 * median(timed_run(run).cpu_seconds_per_frame for _ in range(repeats))
                for name, run in work.items()
            }
        if is_small:
            found["together"] = 1000 * timed_run(lambda: stages.whole(8)).cpu_seconds_per_frame
        return found


def hours(core_ms: float) -> dict[str, float]:
    """Return what a film takes on so many cores."""
    return {f"{n} cores": round(core_ms * FILM_FRAMES / n / 3.6e6, 1) for n in CORES}


def row_of(found: dict[str, float]) -> dict[str, Any]:
    """Return a row of the result."""
    told: dict[str, Any] = {name: round(value, 1) for name, value in found.items()}
    total = sum(found[name] for name in ("decoder", "network", "encoder"))
    return told | {"core_ms": round(total, 1), "hours": hours(total)}


def like(rows: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """Return rows for another processor; ``there`` is what it takes for the first job."""
    first = next(iter(rows.values()))
    return {
        name: {
            own: {"core_ms": round(each, 1), "hours": hours(each)}
            for own in row
            if own in there
            for each in [row[own]["core_ms"] * there[own] / first[own]["core_ms"]]
        }
        for name, row in rows.items()
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--like", type=Path, help="the result of tests.benchmarks.int8 elsewhere")
    wanted = parser.parse_args()
    keep_large_blocks()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    device = select("cpu", "fp32")
    slug = re.sub(r"[^a-z0-9]+", "-", f"{device.name} {device.instructions}".lower()).strip("-")
    path = wanted.results / f"int8-jobs-{slug}.json"
    rows: dict[str, Any] = {}
    for name, (size, target, frames) in JOBS.items():
        for own in ("fp32", "int8", "int8, steady"):
            rows.setdefault(name, {})[own] = row_of(measured(size, target, frames, own))
            print(name, own, rows[name][own], flush=True)
        write(path, device.hardware, rows, wanted.like)


def write(path: Path, device: str, rows: dict[str, Any], other: Path | None) -> None:
    """Write what is known so far."""
    found = {"device": device, "supposed": SUPPOSED, "rows": rows}
    if other:
        there = json.loads(other.read_text())
        found["like"] = {
            "device": there["device"],
            "supposed": "all scaled as 480×270 → 1920×1080 end to end",
            "rows": like(rows, there["end_to_end"][END_TO_END]),
        }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
