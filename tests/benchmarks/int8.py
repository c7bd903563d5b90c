"""What int8 gains on this CPU, and what it costs.

Run: ``python -m tests.benchmarks.int8`` with VSR_DATA naming the data; ``--part`` repeats one part.
Times are CPU milliseconds of one thread, so that other work on the machine disturbs them little:

* ``network``: the folded networks alone, fp32 and int8 in turn, for several instruction sets, each
  in a process of its own (``ONEDNN_MAX_CPU_ISA``, ``ATEN_CPU_CAPABILITY``).
* ``end_to_end``: ``vsr upscale``, a long run less a short one, per frame: decoding, network, x264.
* ``sets``: Y PSNR of benchmark folders, fp32 and int8.
* ``codes``: how far R'G'B' codes are apart on hard pictures, and on flat ones.

The result goes to ``tests/benchmarks/results/int8-CPU.json``.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from tests.benchmarks.device import RESULTS
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.select import select
from vsr.device.yuv import YuvFormat
from vsr.frames import Layout
from vsr.jobs.bench.bench_stages import own_clip
from vsr.jobs.evaluate import EvaluateSpec, evaluate
from vsr.jobs.process_setup import keep_large_blocks
from vsr.models.catalog import load
from vsr.models.int8 import pictures
from vsr.models.int8.features import quantise
from vsr.models.int8.network import with_integers
from vsr.models.plain import Plain
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.passes.passes import PassSpec
from vsr.values import Blend, Size

LOOK = Blend(strength=0.7, sharpness=0.75)
MODELS = {
    "fast": ("fast", Blend()),
    "fast, default look": ("fast", LOOK),
    "quality": ("quality", Blend()),
    "lite": ("lite", Blend()),
}
"""What is measured: a network, and how it is blended; the look is that of a compressed film."""

SMALL = Size(480, 270)
COLOUR = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=Siting.LEFT)
SETTINGS = {
    "all": {},
    "AVX512, VNNI": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"},
    "AVX512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "AVX2, VNNI": {"ONEDNN_MAX_CPU_ISA": "AVX2_VNNI", "ATEN_CPU_CAPABILITY": "avx2"},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
}
"""Environments of processes, by what they allow; a processor without AVX512 has only its own."""

SETS = ("Set5", "Set14", "BSD100")


def network(model: str, repeats: int) -> dict[str, float]:
    """Return CPU milliseconds of a network, 480×270 → 1080p, in fp32 and in int8."""
    given = YuvFormat(Layout(), COLOUR)
    spec = PassSpec(
        source=SMALL, source_format=given, output=SMALL.scaled(4), output_format=given, scale=4
    )
    shapes = Layout().plane_shapes(SMALL)
    planes = [torch.randint(16, 235, shape, dtype=torch.uint8) for shape in shapes]
    times: dict[str, list[float]] = {"fp32": [], "int8": []}
    name, blend = MODELS[model]
    engines = {
        own: CpuEngine.open(load(name, 4, blend), spec, precision=own, remembers=False)  # type: ignore[arg-type] # one of both
        for own in times
    }
    for repeat in range(repeats + 1):
        for own, engine in engines.items():
            picture = engine._way.prepare(planes)
            started = time.thread_time()
            engine._net(picture)  # type: ignore[misc] # there is one
            if repeat:  # the first is to warm up
                times[own].append(1000 * (time.thread_time() - started))
    fp32, int8 = median(times["fp32"]), median(times["int8"])
    return {"fp32": round(fp32, 1), "int8": round(int8, 1), "ratio": round(int8 / fp32, 3)}


def networks(repeats: int) -> dict[str, Any]:
    """Return the rows of every setting, measured in processes of their own."""
    rows = {}
    has_wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
    for name, setting in SETTINGS.items():
        if name != "all" and not has_wide:
            continue
        command = [sys.executable, "-m", "tests.benchmarks.int8", "--child", str(repeats)]
        env = {**os.environ, **setting, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        rows[name] = json.loads(done.stdout.splitlines()[-1])
        print(name, rows[name], flush=True)
    return rows


def core_ms(clip: Path, frames: tuple[int, int], *options: str) -> float:
    """Return CPU milliseconds for each frame of an upscale: a long run less a short one."""
    spent = []
    for count in frames:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable, "-c", "from vsr.cli import main; main()", "upscale", str(clip),
                f"{folder}/out.mkv", "-d", "cpu", "--encoder-preset", "superfast",
                "--max-frames", str(count), *options,
            ]  # fmt: skip
            subprocess.run(command, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * (spent[1] - spent[0]) / (frames[1] - frames[0])


def end_to_end(frames: tuple[int, int]) -> dict[str, Any]:
    """Return core milliseconds for each frame of every model, and of no network."""
    clip = own_clip(SMALL, frames[1])
    rows: dict[str, Any] = {}
    bicubic = core_ms(clip, frames, "-p", "1080p", "-m", "bicubic")
    rows["bicubic"] = {"core_ms": round(bicubic, 1)}
    for model, (name, blend) in MODELS.items():
        look = ("--strength", str(blend.strength), "--sharpness", str(blend.sharpness))
        options = ("-p", "1080p", "-m", name, *(look if blend != Blend() else ()))
        fp32, int8 = (
            core_ms(clip, frames, *options, "--precision", own) for own in ("fp32", "int8")
        )
        rows[model] = {
            "fp32": round(fp32, 1),
            "int8": round(int8, 1),
            "gain": round(fp32 / int8, 2),
        }
        print(model, rows[model], flush=True)
    return rows


def sets(data: Path) -> dict[str, Any]:
    """Return the mean Y PSNR of both precisions, and what int8 changes."""
    rows: dict[str, Any] = {}
    for model, (network_name, blend) in MODELS.items():
        for name in SETS:
            fp32, int8 = (
                evaluate(
                    EvaluateSpec(
                        data=data / name,
                        model=network_name,
                        blend=blend,
                        device="cpu",
                        precision=own,  # type: ignore[arg-type] # one of both
                    )
                ).mean.psnr_y
                for own in ("fp32", "int8")
            )
            assert fp32 is not None
            assert int8 is not None
            change = round(int8 - fp32, 3)
            rows.setdefault(model, {})[name] = {
                "fp32": round(fp32, 3), "int8": round(int8, 3), "change": change,
            }  # fmt: skip
        print(model, rows[model], flush=True)
    return rows


def codes() -> dict[str, Any]:
    """Return how far codes of 8 bits are apart, on the pictures that ranges come from."""
    rows: dict[str, Any] = {}
    for model, (network_name, blend) in MODELS.items():
        net = load(network_name, 4, blend).net
        assert isinstance(net, Plain)
        whole = with_integers(net, quantise(net))
        for name, drawn in (("hard", pictures.hard()), ("flat", pictures.flat())):
            x = torch.from_numpy(drawn).float() / 255
            if net.colour == "luma":
                x = x[:, :1]
            with torch.inference_mode():
                pairs = [
                    [(one(p[None]) * 255).round().clamp(0, 255) for one in (net, whole)] for p in x
                ]
            apart = [(a - b).abs() for a, b in pairs]
            rows.setdefault(model, {})[name] = {
                "largest": float(max(d.max() for d in apart)),
                "median of largest": float(np.median([float(d.max()) for d in apart])),
                "largest mean": round(float(max(d.mean() for d in apart)), 2),
                "mean": round(float(np.mean([float(d.mean()) for d in apart])), 3),
            }
        print(model, rows[model], flush=True)
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--frames", type=int, nargs=2, default=(8, 40))
    parser.add_argument("--part", action="append")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child:
        keep_large_blocks()
        torch.set_num_threads(1)
        with torch.inference_mode():
            print(json.dumps({model: network(model, wanted.child) for model in MODELS}))
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    data = os.environ.get("VSR_DATA")
    parts = {
        "network": lambda: networks(wanted.repeat),
        "end_to_end": lambda: end_to_end(tuple(wanted.frames)),
        "sets": lambda: sets(Path(data or ".") / "benchmarks"),
        "codes": codes,
    }
    device = select("cpu", "fp32")
    slug = re.sub(r"[^a-z0-9]+", "-", f"{device.name} {device.instructions}".lower()).strip("-")
    path = wanted.results / f"int8-{slug}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for name in wanted.part or parts:
        found[name] = parts[name]()
        found["device"] = device.hardware
        found["weights"] = {
            model: load(name, 4, blend).sha256[:12] for model, (name, blend) in MODELS.items()
        }
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
