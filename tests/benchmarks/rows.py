"""Measure a model in a process of its own, and print what it gave."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

Row = dict[str, Any]

HEADS = (
    "model", "size", "network", "encode", "whole", "plain", "×plain", "of net", "overlap",
    "core use", "host MB",
)  # fmt: skip


def bench(*arguments: str) -> Row:
    """Return the report of one model; each has its own process, so that memory is its own."""
    command = [sys.executable, "-m", "tests.benchmarks.measured"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"measured {' '.join(arguments)}:\n{done.stderr}{done.stdout}")
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def print_table(rows: list[Row]) -> None:
    """Print frames per second, one row for each report."""
    lines = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)))


def weights_for(model: str, scale: int, folder: Path) -> str:
    """Return the model's name, or a file of random weights where it has none: speed is equal."""
    from safetensors.torch import save_file

    from vsr.models import catalog

    if scale in catalog.scales(model):
        return model
    path = folder / f"{model}-random.safetensors"
    save_file(catalog.build(model, scale).state_dict(), path)
    return str(path)


def _cells(row: Row) -> tuple[str, ...]:
    stages = row["stages"]
    numbers = (
        stages["network"]["fps"], stages.get("encode", {}).get("fps"), row["whole_fps"],
        row["plain_loop_fps"], row["speedup"], row["network_share"], row["overlap_efficiency"],
        row["core_use"], row["peak_host_mb"],
    )  # fmt: skip
    return row["model"], row["size"], *("–" if n is None else f"{n:.3g}" for n in numbers)
