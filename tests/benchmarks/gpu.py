"""Networks and whole pipelines on a GPU, in under eight minutes.

Run: ``python -m tests.benchmarks.gpu`` (``make bench-gpu``). It ends with 2 and one line where
there is no GPU. For each model and size: the network planes → planes, the overlap with the output
discarded, the plain loop, and the network as published (eager, float32 and under fp16 autocast).
Where weights are not at hand random ones serve: speed is equal. At the end three forms of
SwiftSRGAN's last layer (`tests.benchmarks.swift_tail`). What time does not allow is left out, and
said; so is what fails, which ends it with 1 once the others are done. Results go to
``tests/benchmarks/results``.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import swift_tail
from tests.benchmarks.device import RESULTS, write
from tests.benchmarks.rows import Row, bench, print_table, weights_for
from vsr.device.select import Device, select
from vsr.errors import VsrError
from vsr.models import catalog
from vsr.values import Size

BUDGET_SECONDS = 390
"""No row is begun after this; the longest takes about a minute."""

PRESETS = {"1080p": Size(480, 270), "4k": Size(960, 540)}
PLAN = (
    ("fast", "1080p", True),
    ("swift-srgan", "1080p", True),
    ("fast", "4k", True),
    ("swift-srgan", "4k", True),
    ("fast", "4k", False),
    ("fast", "1080p", False),
    ("quality", "4k", True),
    ("srgan", "1080p", True),
)
"""Model, preset, and whether the output is discarded; the most wanted first."""

FAILURES = (SystemExit, RuntimeError, OSError, VsrError)
"""What a row may end with: `rows.bench` exits with what its process said."""

EAGER_FRAMES = 10


def measure(preset: str, model: str, weights: str, *, is_discarded: bool, device: Device) -> Row:
    """Return one report, with the published way of running the network beside it."""
    options = ["--discard-output"] if is_discarded else []
    row = bench("-d", "cuda", "-p", preset, "-m", weights, *options)
    eager = {
        "fp32": eager_ms(weights, PRESETS[preset], device, is_half=False),
        "fp16_autocast": eager_ms(weights, PRESETS[preset], device, is_half=True),
    }
    network_ms = row["stages"]["network"]["ms"]
    speedup = {name: round(ms / network_ms, 2) for name, ms in eager.items()}
    return row | {"model": model, "eager_ms": eager, "network_speedup": speedup}


def eager_ms(weights: str, source: Size, device: Device, *, is_half: bool) -> float:
    """Return the time of the module itself, eager, on RGB that lies on the device already."""
    import torch

    net = catalog.load(weights, 4).net
    assert net is not None
    net = net.to(device.torch_device)
    picture = torch.rand(1, 3, source.height, source.width, device=device.torch_device)
    with torch.inference_mode(), torch.autocast("cuda", torch.float16, enabled=is_half):
        for _ in range(3):
            net(picture)
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(EAGER_FRAMES):
            net(picture)
        torch.cuda.synchronize()
    return round((time.perf_counter() - started) / EAGER_FRAMES * 1000, 3)


def main() -> None:
    """Measure in the order of the plan while there is time, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    wanted = parser.parse_args()
    started = time.monotonic()
    try:
        device = select("cuda")
    except VsrError as error:
        print(f"bench-gpu: {error}", file=sys.stderr)
        sys.exit(2)
    rows, left_out, failed = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        for model, preset, is_discarded in PLAN:
            if time.monotonic() - started > BUDGET_SECONDS:
                left_out.append(f"{model} {preset}")
                continue
            try:
                weights = weights_for(model, 4, Path(temporary))
                row = measure(preset, model, weights, is_discarded=is_discarded, device=device)
            except FAILURES as error:  # a machine with a GPU is lent for minutes: on to the others
                failed.append(f"{model} {preset}: {error}")
                continue
            rows.append(row)
            write(device, "gpu", rows, wanted.results)  # what is done stays if time runs out
            network_ms, seconds = row["stages"]["network"]["ms"], time.monotonic() - started
            print(f"{seconds:4.0f} s  {model} {preset}: {network_ms} ms, eager {row['eager_ms']}")
    print_table(rows)
    try:
        net = catalog.build("swift-srgan", 4)
        tails = [swift_tail.measure(net, size, device) for size in PRESETS.values()]
        print(tails, write(device, "swift_tail", tails, wanted.results))
    except FAILURES as error:
        failed.append(f"last layer of swift-srgan: {error}")
    if left_out:
        print(f"left out for want of time: {', '.join(left_out)}")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
