"""``vsr bench`` with what a developer compares: a plain loop, peaks of memory, a roofline; as JSON.

Run: ``python -m tests.benchmarks.measured -m fast -d cpu``; the options are those of ``vsr bench``,
and ``--no-plain-loop``.
"""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.peaks import peak_device_bytes, peak_host_bytes
from tests.benchmarks.plain_loop import PlainLoop
from tests.benchmarks.roofline import roofline
from vsr.cli.bench import bench as command
from vsr.cli.bench import bench_spec
from vsr.jobs.bench.bench import bench
from vsr.jobs.bench.bench_stages import Stages
from vsr.jobs.process_setup import settle


def measured(
    clip: Path | None, model: str, options: dict[str, Any], *, has_loop: bool
) -> dict[str, Any]:
    """Return the report of one model, and what it is compared with."""
    plain_fps: list[float] = []
    found: dict[str, Any] = {}
    with ExitStack() as stack:

        def beside(stages: Stages, frames: int) -> Callable[[], None]:
            device = peak_device_bytes(stages.job.device)
            found["peak_host_mb"] = rounded((peak_host_bytes() or 0) / 1e6)
            found["peak_device_mb"] = rounded(device / 1e6) if device else None
            ridge = roofline(stages.job)
            found["roofline"] = ridge.as_dict() if ridge else None
            if not has_loop:
                return lambda: None
            target = stages.folder / "plain.nut"
            loop = stack.enter_context(
                PlainLoop.open(stages.job, frames, target, is_discarded=stages.is_discarded)
            )
            return lambda: plain_fps.append(loop.run())

        report = bench(clip, bench_spec(model, options), beside=beside)
    plain = median(plain_fps) if plain_fps else None
    slowest = min(stage.fps for stage in report.stages.values())
    return (
        report.as_dict()
        | found
        | {
            "overlap_efficiency": rounded(report.whole_fps / slowest),
            "network_share": rounded(report.whole_fps / report.stages["network"].fps),
            "plain_loop_fps": rounded(plain),
            "speedup": rounded(report.whole_fps / plain) if plain else None,
        }
    )


def rounded(value: float | None) -> float | None:
    """Round to four significant digits."""
    return None if value is None else float(f"{value:.4g}")


def report_of(words: list[str], *, has_loop: bool) -> dict[str, Any]:
    """Return the report of the one model that ``vsr bench`` with these words would measure."""
    options = command.make_context("bench", list(words)).params
    clip, (model,) = options.pop("clip"), options.pop("models")
    return measured(clip, model, options, has_loop=has_loop)


def main() -> None:
    """Measure one model and print a line of JSON."""
    words = [word for word in sys.argv[1:] if word != "--no-plain-loop"]
    settle()
    print(json.dumps(report_of(words, has_loop="--no-plain-loop" not in sys.argv)))


if __name__ == "__main__":
    main()
