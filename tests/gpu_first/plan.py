"""What is measured, the most wanted first, and how long each part may take.

Each stage has a process of its own, which is ended with everything that it started when its time is
up: a device that hangs, or that no longer computes after an error, costs one stage. What it found
before is on disk.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Say = Callable[[Row], None]

BUDGET_SECONDS = 470
"""For all stages; verdict and start are in the eight minutes too."""

LEAST_SECONDS = 10
"""What a stage needs to say anything: most of it is importing torch."""

LEFT_OUT = "left out for want of time"
ROWS, LOG, VERDICT = "gpu_first.jsonl", "gpu_first.log", "gpu_first.txt"


MODE_B = "TORCH_CUDNN_USE_HEURISTIC_MODE_B"
"""Where it is 1, cuDNN chooses its kernels by its other heuristics."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the whole.

    Attributes:
        name: of its function, which takes a `Task`, in
        module: of this package.
        seconds: after which it is ended.
        environment: of its process, beside what is there.
    """

    name: str
    module: str
    seconds: float
    environment: tuple[tuple[str, str], ...] = ()


STAGES = (
    Stage("doctor", "whole", 40),
    Stage("network", "network", 110),
    Stage("gpu_tests", "whole", 110),
    Stage("overlap", "whole", 70),
    Stage("kernels", "whole", 40),
    Stage("last_layer", "layers", 30),
    Stage("media", "whole", 40),
    Stage("profile", "layers", 30),
    Stage("heuristics", "network", 40, ((MODE_B, "1"),)),
    Stage("compiled", "network", 90),
)
"""Together more than the budget: most end sooner, and what is last may be left out."""

NO_GPU = 2
"""Exit code of a stage that finds none: there is nothing more to do."""


class Rows:
    """Rows as JSON lines in a file, each on disk as soon as it is said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._began = time.monotonic()

    def of(self, stage: str) -> Say:
        """Return what says a row of a stage."""

        def say(row: Row) -> None:
            seconds = round(time.monotonic() - self._began, 1)
            line = json.dumps({"stage": stage, **row, "s": seconds}, ensure_ascii=False)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
            print(line, flush=True)

        return say

    def read(self) -> list[Row]:
        """Return everything said so far; a line that was cut off is left out."""
        rows = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
        return rows


def run_all(
    rows: Rows,
    run: Callable[[Stage, float], str],
    stages: Sequence[Stage] = STAGES,
    budget_seconds: float = BUDGET_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run the stages in order, each within its own time and what is left of all.

    Args:
        run: runs one in at most so many seconds and returns how it ended.
    """
    began = clock()
    for stage in stages:
        left = budget_seconds - (clock() - began)
        say = rows.of(stage.name)
        if left < LEAST_SECONDS:
            say({"ended": LEFT_OUT})
            continue
        started = clock()
        ended = run(stage, min(stage.seconds, left))
        say({"ended": ended, "seconds": round(clock() - started, 1)})
        if ended == f"failed ({NO_GPU})":
            return


def run_apart(
    command: Sequence[str], seconds: float, log: Path, environment: Iterable[tuple[str, str]] = ()
) -> str:
    """Run a command, end it and all that it started when its time is up; return how it ended."""
    with log.open("a", encoding="utf-8") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | dict(environment),
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"stopped after {seconds:.0f} s"
    return "ok" if code == 0 else f"failed ({code})"


def command_of(stage: Stage, seconds: float, rows: Path, clips: Path) -> list[str]:
    """Return the command that runs one stage."""
    words = ["--stage", stage.name, "--seconds", f"{seconds:.0f}"]
    words += ["--rows", str(rows), "--clips", str(clips)]
    return [sys.executable, "-m", "tests.gpu_first", *words]
