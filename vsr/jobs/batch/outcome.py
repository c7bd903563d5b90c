"""What became of the files of a batch: a line, rows of a table, JSON; and what is known before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any, Literal

from vsr.batch.earlier import REPORT
from vsr.batch.ledger import Ledger
from vsr.batch.names import check_inside
from vsr.batch.plan import Item
from vsr.disk.inputs import check_there
from vsr.disk.publishing import published, writing
from vsr.errors import OutputExists, VsrError
from vsr.jobs.upscale.choice import model_named
from vsr.media.resume.manifest import source_facts
from vsr.models.flavours import weights_of
from vsr.models.weights_files import sha256_of
from vsr.option import options_of
from vsr.specs import Existing, UpscaleSpec
from vsr.wording import counted, printable

State = Literal["done", "skipped", "failed"]

HEADS = ("in", "out", "state", "frames", "fps", "reused", "losses")


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
        is_from_before: an earlier batch did it, and the figures are of then.
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
    is_from_before: bool = False

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
        told = {"state": self.state, "done_before": self.is_from_before}
        return {**paths, **told, **self.facts(), "error": self.error}

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
        )

    def line(self) -> str:
        """Return one line for a person."""
        detail = self.error or "; ".join(one.removesuffix(".") for one in self.losses)
        rate = f", {self.fps:.2f} fps" if self.fps else ""
        speed = f"  {counted(self.frames)}{rate}" if self.state == "done" else ""
        return f"{self.state:7}  {printable(self.target)}{speed}" + (f"  ({detail})" * bool(detail))


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how many files ended in each state."""
    found = Counter(outcome.state for outcome in outcomes)
    states: tuple[State, ...] = ("done", "skipped", "failed")
    return {state: found[state] for state in states}


def interrupted(outcomes: Sequence[Outcome], unfinished: Sequence[Path] = ()) -> str:
    """Return what to tell the user who interrupts a batch: what is done, and what is not."""
    failures = sum(one.state == "failed" for one in outcomes)
    done = f"{counted(len(outcomes) - failures, 'file')} done"
    told = [done, *([f"{failures} failed"] if failures else [])]
    if unfinished:
        first, more = printable(unfinished[0]), len(unfinished) - 1
        told.append(f"not finished: {first}" + f" and {more} more" * bool(more))
    return f"interrupted; {', '.join(told)}. Run the same command again to go on."


def write_report(folder: Path, outcomes: Sequence[Outcome]) -> Path:
    """Write the report of a batch into its output folder; return its path.

    What an earlier batch did counts as skipped, is marked, and keeps its figures.

    Raises:
        NoSpace, UnwritableOutput: the report before it is untouched.
    """
    path = folder / REPORT
    before = sum(outcome.is_from_before for outcome in outcomes)
    files = [outcome.as_dict() for outcome in outcomes]
    content = {**counts(outcomes), "done_before": before, "files": files}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    with writing(path), published(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """The state of one file.

    Attributes:
        key: what its result depends on; the ledger uses it to decide whether the file is finished.
        settled: its outcome, if it needs no work; None if it is to be done.
    """

    item: Item
    key: Mapping[str, Any]
    settled: Outcome | None = None


def file_state(item: Item, ledger: Ledger, existing: Existing, settings: str) -> FileState:
    """Return the state of a file; write nothing.

    Args:
        existing: what to do about an existing target.
        settings: the `fingerprint` of the batch.
    """
    key: dict[str, Any] = {}
    try:
        check_inside(item.target, ledger.folder)
        check_there(item.source)
        key = {**source_facts(item.source), "settings": settings}
        is_skipped = item.target.exists() and _is_kept(item, ledger, existing, key)
    except (VsrError, OSError) as error:
        return FileState(item=item, key=key, settled=failed(item, error))
    return FileState(item=item, key=key, settled=_skipped(item, ledger) if is_skipped else None)


def fingerprint(spec: UpscaleSpec) -> str:
    """Return what distinguishes one batch's settings from another's, for pixels and streams.

    All weights that may be needed are hashed once: new ones may have the same name.
    """
    values = asdict(replace(spec, encode=replace(spec.encode, options={}), suggested=(), asked=()))
    for leaf in options_of(UpscaleSpec):
        if not leaf.option.is_of_file:
            del values[leaf.path[0]]
    values["encoder options"] = sorted(spec.encode.options.items())
    if spec.time.end_seconds == inf:
        values["time"]["end_seconds"] = None
    is_blended = spec.strength != 0 or spec.sharpness != 0
    weights = weights_of(model_named(spec.model), is_blended=is_blended)
    values["weights"] = {path.name: sha256_of(path) for path in weights}
    return sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def failed(item: Item, error: BaseException | None) -> Outcome:
    """Return the outcome of a file that cannot be done."""
    told = str(error).replace(str(item.source.absolute()), str(item.source))
    told = told.replace(str(item.target.absolute()), str(item.target))
    text = " ".join(told.split()) or type(error).__name__
    if not isinstance(error, VsrError | OSError):
        text = f"{type(error).__name__}: {text}"
    return Outcome(source=item.source, target=item.target, state="failed", error=text)


def _is_kept(item: Item, ledger: Ledger, existing: Existing, key: Mapping[str, Any]) -> bool:
    """Return whether the existing target is kept.

    Raises:
        OutputExists: it may not be overwritten.
    """
    if existing == "skip" or (existing != "overwrite" and ledger.is_finished(item.target, key)):
        return True
    if existing == "refuse" and not ledger.is_ours(item.target):
        raise OutputExists(
            f"{item.target}: already exists, and no batch made it. "
            "Add -y to overwrite it, or -n to skip it."
        )
    return False


def _skipped(item: Item, ledger: Ledger) -> Outcome:
    facts = dict(ledger.summary(item.target))
    losses = tuple(facts.pop("losses", ()))
    return Outcome(
        source=item.source,
        target=item.target,
        state="skipped",
        losses=losses,
        is_from_before=ledger.is_ours(item.target),
        **facts,
    )
