"""A long clip takes no more memory than a short one: 200 and 2,000 tiny frames, a process each.

Run: ``python -m tests.benchmarks.memory``; it ends with 1 if the long one took 5 % more.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.device import RESULTS, write
from tests.clips import Audio, write_clip
from vsr.device.select import select
from vsr.values import Size

LENGTHS = (200, 2000)
MODELS = ("bicubic", "fast")
TINY = Size(64, 36)
TOLERATED = 1.05


def peak_mb(clip: Path, target: Path, model: str) -> float:
    """Upscale in a new process and return its largest resident set."""
    command = [sys.executable, "-c", "from vsr.cli import main; main()", "upscale", "-q", "-y"]
    arguments = [str(clip), str(target), "-m", model, "-s", "4", "-d", "cpu"]
    process = subprocess.Popen([*command, *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"vsr upscale {' '.join(arguments)} ended with {process.returncode}")
    return usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Measure, print, write; fail if memory grows with length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    wanted = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clips = {
            length: write_clip(folder / f"{length}.mkv", frames=length, size=TINY, audio=[Audio()])
            for length in LENGTHS
        }
        for model in MODELS:
            short, long = (peak_mb(clips[n], folder / "out.mkv", model) for n in LENGTHS)
            row = {"model": model, "size": f"{TINY} → {TINY.scaled(4)}"}
            row |= {f"peak_mb_{n}_frames": round(mb, 1) for n, mb in zip(LENGTHS, (short, long))}
            rows.append(row | {"ratio": round(long / short, 4)})
            print(rows[-1], flush=True)
    print(write(select("cpu"), "memory", rows, wanted.results))
    sys.exit(any(row["ratio"] > TOLERATED for row in rows))


if __name__ == "__main__":
    main()
