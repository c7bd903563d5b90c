"""What Real-ESRGAN's compact networks cost beside `fast`, in the same engine and precision.

Run: ``python -m tests.benchmarks.compact`` with VSR_DATA naming the data. A frame of 480×270 from
planes to planes on one thread: the networks in turn, each in fp32 and, where the CPU multiplies in
it, in bf16; median of the repeats in CPU seconds. Then how far bf16's codes of real clips are from
those of fp32. The result goes to ``tests/benchmarks/results``.
"""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from tests.benchmarks.bf16 import COLOUR, SIZE, pass_of
from tests.benchmarks.clamping import CLIPS, apart_in_codes, middle_of, summary
from tests.benchmarks.device import RESULTS, write
from vsr.device.select import is_bf16_native, select
from vsr.device.yuv import YuvFormat
from vsr.frames import HostFrame, Layout
from vsr.jobs.process_setup import keep_large_blocks
from vsr.media.reading.reader import Reader
from vsr.models.catalog import Model, load
from vsr.upscaling.engine.cpu_engine import CpuEngine

PUBLIC = ("realesr-animevideov3", "realesr-general-x4v3")
OURS = ("fast", "quality")


def noise(seed: int) -> HostFrame:
    """Return a frame that has nothing in common with others."""
    rng = np.random.default_rng(seed)
    planes = tuple(rng.integers(16, 235, s, dtype=np.uint8) for s in Layout().plane_shapes(SIZE))
    return HostFrame(planes=planes, pts=seed, layout=Layout(), colour=COLOUR)


def costs(models: list[Model], precisions: list[str], repeats: int) -> dict[str, dict[str, float]]:
    """Return CPU milliseconds a frame: model → precision."""
    spec = pass_of(SIZE, YuvFormat(Layout(), COLOUR))
    engines = {
        (model.name, own): CpuEngine.open(model, spec, precision=own, remembers=False)  # type: ignore[arg-type] # one of two
        for model in models
        for own in precisions
    }
    times: dict[tuple[str, str], list[float]] = {key: [] for key in engines}
    for repeat in range(repeats + 1):
        for key, engine in engines.items():
            frame = noise(repeat)
            started = time.process_time()
            engine.finish(engine.start(frame))
            if repeat:  # the first is to warm up
                times[key].append(1000 * (time.process_time() - started))
    return {
        model.name: {f"cpu_ms_{p}": round(median(times[model.name, p]), 1) for p in precisions}
        for model in models
    }


def on_clip(path: Path, model: Model) -> dict[str, Any]:
    """Return how far bf16's codes of one frame are from fp32's, in 8-bit codes."""
    with Reader.open(path) as reader:
        video = reader.info.video
        colour = video.colour.resolved(video.size.width, video.size.height)
        size, planes = middle_of(next(reader.frames()))
    spec = pass_of(size, YuvFormat(video.layout, colour))
    source = tuple(plane.numpy() for plane in planes)
    frame = HostFrame(planes=source, pts=0, layout=video.layout, colour=colour)
    outs = []
    for own in ("fp32", "bf16"):
        with CpuEngine.open(model, spec, precision=own) as engine:  # type: ignore[arg-type] # one of two
            made = engine.finish(engine.start(frame)).planes
            outs.append(tuple(torch.from_numpy(plane) for plane in made))
    luma = apart_in_codes(outs[0], outs[1], video.layout.bits)[0]
    more = (luma.abs() > 1).double().mean()
    return {"clip": path.name, "luma": summary(luma), "share_over_1_code": float(more)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--repeat", type=int, default=5)
    wanted = parser.parse_args()
    data = os.environ.get("VSR_DATA")
    if data is None:
        print("compact: VSR_DATA names no folder.", file=sys.stderr)
        sys.exit(2)
    keep_large_blocks()  # as the program does
    torch.set_num_threads(1)
    public = [load(str(Path(data) / "weights" / "public" / f"{name}.pth")) for name in PUBLIC]
    models = [replace(load(name, 4), name=name) for name in OURS] + public
    precisions = ["fp32", "bf16"] if is_bf16_native() else ["fp32"]
    result: dict[str, Any] = {"costs": costs(models, precisions, wanted.repeat)}
    print(result, flush=True)
    if "bf16" in precisions:
        clips = [Path(data) / "clips" / name for name in CLIPS]
        result["bf16"] = {model.name: [on_clip(clip, model) for clip in clips] for model in public}
    print(write(select("cpu"), "compact", result, wanted.results))


if __name__ == "__main__":
    main()
