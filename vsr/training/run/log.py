"""The log of a run: one line of CSV per interval, and the plot of what was read back."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from vsr.disk.publishing import published, writing
from vsr.metrics.plot import Panel, Point, draw_panels
from vsr.training.run.context import TrainProgress
from vsr.training.run.run_folder import LOG, RunFolder

COLUMNS = (
    "stage", "step", "share", "seconds", "loss", "psnr_db", "learning_rate", "steps_per_second",
    "wait_share", "discriminator_loss",
)  # fmt: skip


def append(folder: RunFolder, line: TrainProgress) -> None:
    """Append one line; the header goes before the first."""
    path = folder.path / LOG
    is_new = not path.exists()
    with writing(path), path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerow(
            (
                line.stage,
                line.step,
                f"{line.share:.6f}",
                f"{line.seconds:.1f}",
                repr(line.loss),
                "" if line.psnr is None else f"{line.psnr:.4f}",
                f"{line.learning_rate:.3e}",
                f"{line.steps_per_second:.2f}",
                f"{line.wait_share:.4f}",
                "" if line.discriminator_loss is None else repr(line.discriminator_loss),
            )
        )


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log, as far as the plot needs it."""

    stage: str
    step: int
    loss: float
    psnr: float | None


def read(folder: RunFolder) -> list[LogEntry]:
    """Read the log; empty if there is none."""
    path = folder.path / LOG
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            LogEntry(
                row["stage"],
                int(row["step"]),
                float(row["loss"]),
                float(row["psnr_db"]) if row["psnr_db"] else None,
            )
            for row in csv.DictReader(file)
        ]


def rewind(folder: RunFolder, stage: str, step: int) -> None:
    """Drop the lines of a stage after ``step``, which it will write again, and a cut-off line.

    A run that was killed has logged more than its checkpoint holds.
    """
    path = folder.path / LOG
    if not path.exists():
        return
    with writing(path):
        with path.open(newline="", encoding="utf-8") as file:
            lines = file.readlines()
        kept = [line for line in lines if _is_before(line, stage, step)]
        if not kept:
            path.unlink()
        elif kept != lines:
            with published(path) as part, part.open("w", newline="", encoding="utf-8") as file:
                file.writelines(kept)


def _is_before(line: str, stage: str, step: int) -> bool:
    """Return whether a line of the log is whole, and not of the stage's steps after ``step``."""
    name, number, *_ = f"{line},".split(",")
    is_later = name == stage and number.isdigit() and int(number) > step
    return line.endswith("\n") and not is_later


LOSS_COLOUR, PSNR_COLOUR = (196, 78, 40), (34, 102, 170)

WIDE = 100.0
"""Losses that differ by more than this factor are drawn on a logarithmic axis."""

Curves = dict[str, list[Point]]
"""The points of each stage, in order. A line between two stages would join unlike things."""


def write_plot(entries: Sequence[LogEntry], path: Path) -> None:
    """Draw the log of a run; stages follow one another. An empty log draws nothing."""
    losses, psnrs = _curves(entries)
    if not any(losses.values()):
        return
    panels = [_loss_panel(losses)]
    if any(psnrs.values()):
        title = "PSNR of luma, held-out patches, dB"
        panels.append(Panel(title=title, curves=psnrs, colour=PSNR_COLOUR))
    with writing(path), published(path) as part:
        draw_panels(panels).save(part, format="PNG")


def _loss_panel(losses: Curves) -> Panel:
    values = [loss for line in losses.values() for _, loss in line]
    is_logarithmic = min(values) > 0 and max(values) > WIDE * min(values)
    return Panel(
        title="loss (mean per log interval)" + ", logarithmic" * is_logarithmic,
        curves=losses,
        colour=LOSS_COLOUR,
        is_logarithmic=is_logarithmic,
    )


def _curves(entries: Sequence[LogEntry]) -> tuple[Curves, Curves]:
    """Return (step, loss) and (step, PSNR), the steps counted on from stage to stage."""
    losses: Curves = {}
    psnrs: Curves = {}
    offset, last_step = 0, 0
    for entry in entries:
        if entry.stage not in losses:
            offset += last_step
            losses[entry.stage], psnrs[entry.stage] = [], []
        last_step = entry.step
        if isfinite(entry.loss):
            losses[entry.stage].append((offset + entry.step, entry.loss))
        if entry.psnr is not None:
            psnrs[entry.stage].append((offset + entry.step, entry.psnr))
    return losses, psnrs
