"""Benchmarks of sharing work out: Ray against local, overhead per file, one film on two workers.

``python -m tests.benchmarks.batch`` adds the part ``batch`` to the device's results. Wanted: Ray
with two one-core workers at most 10 % slower than local with two, after start-up; at most 50 ms of
overhead for each tiny file in a batch of 500; a film on two one-core workers at least 1.8 times as
fast as on one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from tests.benchmarks.device import write
from tests.clips import write_clip
from vsr.batch.engine import EngineSpec
from vsr.device.select import select
from vsr.jobs.batch.batch import BatchSpec, batch
from vsr.jobs.process_setup import settle
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.values import OutputSize, Size

RUNS = 3
TINY_FILES = 500


def spec(model: str, scale: int) -> UpscaleSpec:
    """Return a spec whose segments are short enough to be shared out evenly."""
    base = spec_of_preset("1080p", OutputSize(scale=scale))
    encode = EncodeSpec(encoder_preset="superfast")
    return replace(
        base, model=model, encode=encode, device="cpu", segment_frames=24, existing="overwrite"
    )


class AfterStartUp:
    """Times from the first sign of work to the end: workers have started by then."""

    def __init__(self) -> None:
        self.first_seconds: float | None = None
        self.first_frames = 0
        self.last_frames = 0

    def on_progress(self, progress) -> None:
        self.last_frames = progress.frames
        if self.first_seconds is None and progress.frames:
            self.first_seconds, self.first_frames = time.perf_counter(), progress.frames

    def frames_per_second(self) -> float:
        assert self.first_seconds is not None
        elapsed = time.perf_counter() - self.first_seconds
        return (self.last_frames - self.first_frames) / elapsed


def film_fps(folder: Path, engine: EngineSpec) -> float:
    """Return the median frames per second of the one film in a folder.

    Measured from its first pictures, when workers have started, until it is whole under its name.
    """
    rates = []
    job = BatchSpec(upscale=spec("fast", 4), engine=engine)
    for _ in range(RUNS):
        timer = AfterStartUp()
        for outcome in batch(folder, folder.with_name("films"), job, on_progress=timer.on_progress):
            rates.append(timer.frames_per_second())
            assert outcome.state == "done", outcome
    return median(rates)


def tiny_files(folder: Path, out: Path, workers: int) -> dict[str, float]:
    """Return the wall time for each tiny file, after start-up.

    The work on its two small pictures is in it, so the overhead is less than that.
    """
    timer = AfterStartUp()
    engine = EngineSpec(workers=workers, cpus_per_worker=1)
    job = BatchSpec(upscale=spec("bicubic", 2), engine=engine)
    files = 0
    for outcome in batch(folder, out, job, on_progress=timer.on_progress):
        assert outcome.state == "done", outcome
        files += 1
    assert timer.first_seconds is not None
    elapsed = time.perf_counter() - timer.first_seconds
    return {"files": files, "ms_per_file": 1000 * elapsed / files}


@contextmanager
def made() -> Iterator[tuple[Path, Path]]:
    """Yield a folder with a film of 384 pictures, and one with 500 clips of two small ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "film").mkdir()
        write_clip(folder / "film" / "film.mkv", frames=384, gop=12, size=Size(192, 108))
        tiny = write_clip(folder / "tiny.mp4", frames=2)
        (folder / "tiny").mkdir()
        for index in range(TINY_FILES):
            (folder / "tiny" / f"{index:03}.mp4").hardlink_to(tiny)
        yield folder / "film", folder / "tiny"


def main() -> None:
    """Measure everything and write the results."""
    settle()
    one, two = (EngineSpec(workers=count, cpus_per_worker=1) for count in (1, 2))
    ray = replace(two, name="ray")
    with made() as (film, tiny):
        rates = {
            name: film_fps(film, engine)
            for name, engine in {"local 1": one, "local 2": two, "ray 2": ray}.items()
        }
        overhead = tiny_files(tiny, tiny.with_name("out"), 2)
    results = {
        "film": "192×108, 384 pictures, fast ×4, segments of 24, superfast",
        "frames_per_second": {name: round(rate, 3) for name, rate in rates.items()},
        "two_workers_over_one": round(rates["local 2"] / rates["local 1"], 3),
        "ray_slower_than_local": round(1 - rates["ray 2"] / rates["local 2"], 4),
        "tiny_files": {name: round(value, 2) for name, value in overhead.items()},
    }
    print(write(select("cpu"), "batch", results).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
