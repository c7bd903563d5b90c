"""How near the estimate before a run comes to what the run takes.

    python -m tests.benchmarks.estimate [--frames N] [--models NAME …]

Each clip of `CLIPS` (of the folder that VSR_DATA names) is estimated with an empty memory, then
upscaled to 1080p. On a quiet machine ``time`` is the quotient that counts: the wall time of the run
over the middle of the estimate. Where other programs run, ``cpu`` still tells: the CPU time of the
run over all cores, against the least that was estimated from CPU times alone. ``bytes`` says where
the video's size lies in the estimated range: 0 at its lower end, 1 at its upper.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from vsr.jobs.process_setup import core_count, settle

CLIPS = (
    "nasa_13013.mp4", "bikes.mp4", "flipping_a_pancake.mkv", "bigbuckbunny.mp4",
    "carphone_pristine.mp4",
)  # fmt: skip


def measured(clip: Path, model: str, frames: int, folder: Path) -> dict[str, Any]:
    """Estimate one clip and upscale it."""
    from vsr.jobs.estimate.estimate import carried_bytes, estimate_with, paced
    from vsr.jobs.estimate.pace import tried
    from vsr.jobs.upscale.plan import prepare
    from vsr.jobs.upscale.preset_spec import spec_of_preset
    from vsr.jobs.workers.upscale import upscale

    target = folder / f"{clip.stem}.mkv"
    spec = spec_of_preset("1080p", existing="overwrite").with_options(
        model=model, max_frames=frames, keep_audio=False, keep_subtitles=False, precision="auto"
    )
    job = prepare(clip, target, spec)
    started = perf_counter(), process_time()
    found = tried(job)
    assert found is not None
    trial_seconds, trial_cpu = perf_counter() - started[0], process_time() - started[1]
    pace, rate = found
    estimate = estimate_with(job, paced(job, pace), rate)
    assert estimate is not None
    assert estimate.video_bytes is not None
    started = perf_counter(), process_time()
    result = upscale(clip, target, spec)
    wall, cpu = perf_counter() - started[0], process_time() - started[1]
    size = target.stat().st_size - carried_bytes(job)
    least = result.frames_out * pace.frame_seconds(core_count(), is_cuda=False).low
    span = estimate.video_bytes
    return {
        "clip": clip.name,
        "model": model,
        "frames": result.frames_out,
        "trial_seconds": round(trial_seconds, 2),
        "trial_cpu_seconds": round(trial_cpu, 2),
        "time": round(estimate.seconds.middle / wall, 3),
        "cpu": round(least / (cpu / core_count()), 3),
        "bytes": round((size - span.low) / (span.high - span.low), 2),
        "bytes_of_middle": round(size / span.middle, 2),
    }


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--models", nargs="*", default=["lite", "fast"])
    parser.add_argument("--clips", nargs="*", default=list(CLIPS))
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("results") / "estimate.json"
    )
    arguments = parser.parse_args()
    settle()  # before torch is loaded, as the program does
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VSR_HOME"] = folder  # nothing is remembered
        for model in arguments.models:
            for name in arguments.clips:
                clip = Path(os.environ["VSR_DATA"]) / "clips" / name
                rows.append(measured(clip, model, arguments.frames, Path(folder)))
                print(json.dumps(rows[-1]), flush=True)
    off = {name: round(median(abs(row[name] - 1) for row in rows), 3) for name in ("time", "cpu")}
    result = {"cores": core_count(), "median_off": off, "rows": rows}
    print(json.dumps(off))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
