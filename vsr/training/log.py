"""The log of a run: one line of CSV per interval, read back for the plot."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from vsr.disk.failures import writing
from vsr.training.context import TrainProgress
from vsr.training.run_folder import LOG, RunFolder

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
    """Read the log. Lines that a later, resumed pass wrote again count once, as written last."""
    path = folder.path / LOG
    if not path.exists():
        return []
    entries: dict[tuple[str, int], LogEntry] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            psnr = float(row["psnr_db"]) if row["psnr_db"] else None
            entry = LogEntry(row["stage"], int(row["step"]), float(row["loss"]), psnr)
            entries[entry.stage, entry.step] = entry
    return list(entries.values())
