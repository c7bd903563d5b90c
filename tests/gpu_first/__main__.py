"""Run the stages, each in a process of its own, and print the verdict."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.gpu_first.plan import (
    LOG,
    NO_GPU,
    ROWS,
    STAGES,
    VERDICT,
    Rows,
    Stage,
    command_of,
    run_all,
    run_apart,
)
from tests.gpu_first.verdict import judge

if TYPE_CHECKING:
    from tests.gpu_first.cases import Where


def main(words: list[str] | None = None) -> int:
    """Return 0 where all is right, 1 where something is not, 2 without a GPU."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu_first", description=__doc__)
    option = parser.add_argument
    option("--dry", action="store_true", help="everything tiny, on a CPU, in this process")
    option("--results", type=Path, default=Path("gpu_first"), help="folder to write to")
    option("--clips", type=Path, help="folder of clips, drawn there where they lack")
    option("--draw", action="store_true", help="only draw the clips, to carry them")
    option("--stage", choices=[stage.name for stage in STAGES], help=argparse.SUPPRESS)
    option("--seconds", type=float, help=argparse.SUPPRESS)
    option("--rows", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args(words)
    clips = wanted.clips or Path(tempfile.gettempdir()) / "vsr-gpu-first"
    if wanted.draw:
        return draw(clips)
    if wanted.stage:
        stage = next(one for one in STAGES if one.name == wanted.stage)
        return run_on_gpu(stage, wanted.seconds, Rows(wanted.rows), clips)
    return run(wanted.results, clips, is_dry=wanted.dry)


def run(results: Path, clips: Path, *, is_dry: bool) -> int:
    """Run all stages, judge, print and write."""
    results.mkdir(parents=True, exist_ok=True)
    rows = Rows(results / ROWS)
    rows.path.write_text("", encoding="utf-8")
    run_all(rows, dry(rows, clips) if is_dry else apart(rows, clips, results / LOG))
    found = rows.read()
    if found[-1].get("ended") == f"failed ({NO_GPU})":
        print((results / LOG).read_text(encoding="utf-8").strip(), file=sys.stderr)
        return NO_GPU
    verdict = judge(found)
    if is_dry:
        print("DRY: times of tiny sizes on a CPU, which decide nothing.")
    print(verdict.text())
    (results / VERDICT).write_text(verdict.text() + "\n", encoding="utf-8")
    return 0 if is_dry or verdict.is_right else 1


def apart(rows: Rows, clips: Path, log: Path) -> Callable[[Stage, float], str]:
    """Return what runs a stage in a process of its own, and then prints its rows."""

    def run_stage(stage: Stage, seconds: float) -> str:
        before = len(rows.path.read_text(encoding="utf-8"))
        command = command_of(stage, seconds, rows.path, clips)
        ended = run_apart(command, seconds, log, stage.environment)
        print(rows.path.read_text(encoding="utf-8")[before:], end="", flush=True)
        return ended

    return run_stage


def dry(rows: Rows, clips: Path) -> Callable[[Stage, float], str]:
    """Return what runs a stage here, tiny and on the CPU, in place of a GPU."""
    from tests.gpu_first.cases import Where
    from vsr.device.select import Device

    where = Where(Device(kind="cpu", precision="bf16"), is_dry=True)

    def run_stage(stage: Stage, seconds: float) -> str:
        perform(stage, seconds, where, rows, clips)
        return "ok"

    return run_stage


def run_on_gpu(stage: Stage, seconds: float, rows: Rows, clips: Path) -> int:
    """Run one stage here, on the first GPU."""
    from tests.gpu_first.cases import Where
    from vsr.device.select import select
    from vsr.errors import VsrError

    try:
        device = select("cuda")
    except VsrError as error:
        print(f"gpu_first: {error}")
        return NO_GPU
    perform(stage, seconds, Where(device, is_dry=False), rows, clips)
    return 0


def perform(stage: Stage, seconds: float, where: Where, rows: Rows, clips: Path) -> None:
    """Call the function of a stage."""
    from tests.gpu_first.cases import Task

    module = import_module(f"tests.gpu_first.{stage.module}")
    getattr(module, stage.name)(Task(where, rows.of(stage.name), clips, seconds))


def draw(clips: Path) -> int:
    """Draw the clips that the stages read."""
    from tests.gpu_first.cases import SIZES
    from tests.gpu_first.whole import drawn

    for preset in SIZES:
        print(drawn(preset, clips))
    return 0


if __name__ == "__main__":
    sys.exit(main())
