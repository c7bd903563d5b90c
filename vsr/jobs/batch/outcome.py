"""What became of the files of a batch, as a line, as rows of a table and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vsr.disk.failures import writing
from vsr.disk.publishing import published
from vsr.jobs.result import counted

State = Literal["done", "skipped", "failed"]

REPORT = "vsr-report.json"

HEADS = ("in", "out", "state", "frames", "fps", "reused", "losses", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file.

    Attributes:
        frames: in the output.
        fps: frames per second of wall time, while other files may have been worked on as well.
        reused: frames that repeat the one before.
        losses: what is damaged or missing.
        model: the network, its scale, and its blend of flavours.
        error: why there is no output, in one line.
    """

    source: Path
    target: Path
    state: State
    frames: int = 0
    fps: float = 0.0
    reused: int = 0
    losses: tuple[str, ...] = ()
    model: str = ""
    error: str = ""

    @property
    def has_losses(self) -> bool:
        """Whether it failed or is incomplete."""
        return bool(self.error or self.losses)

    def facts(self) -> dict[str, Any]:
        """Return what the ledger keeps."""
        return {
            "frames": self.frames,
            "fps": round(self.fps, 3),
            "reused": self.reused,
            "losses": list(self.losses),
            "model": self.model,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        paths = {"source": printable(self.source), "target": printable(self.target)}
        return {**paths, "state": self.state, **self.facts(), "error": self.error}

    def row(self) -> tuple[object, ...]:
        """Return a row under `HEADS`."""
        return (
            printable(self.source),
            printable(self.target),
            self.state,
            self.frames,
            self.fps,
            self.reused,
            len(self.losses),
            self.error,
        )

    def line(self) -> str:
        """Return one line for a person."""
        detail = self.error or "; ".join(self.losses)
        speed = f"  {counted(self.frames)}, {self.fps:.2f} fps" if self.state == "done" else ""
        return f"{self.state:7}  {printable(self.target)}{speed}" + (f"  ({detail})" * bool(detail))


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how many files ended in each state."""
    found = Counter(outcome.state for outcome in outcomes)
    states: tuple[State, ...] = ("done", "skipped", "failed")
    return {state: found[state] for state in states}


def write_report(folder: Path, outcomes: Sequence[Outcome]) -> Path:
    """Write the report of a batch into its output folder; return its path.

    Raises:
        NoSpace, UnwritableOutput: the report before it is untouched.
    """
    import json

    path = folder / REPORT
    content = {**counts(outcomes), "files": [outcome.as_dict() for outcome in outcomes]}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    with writing(path), published(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def printable(path: Path) -> str:
    """Return a path for people and JSON; undecodable bytes become question marks."""
    return str(path).encode("utf-8", "replace").decode()
