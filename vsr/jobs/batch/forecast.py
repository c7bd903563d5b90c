"""``vsr batch --dry-run``: what a batch would do, file by file; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from vsr.batch.ledger import read_ledger
from vsr.batch.plan import Item, Sources, left_out, nothing_in, plan
from vsr.errors import VsrError
from vsr.jobs.batch.batch import BatchSpec
from vsr.jobs.batch.outcome import failed, file_state, fingerprint
from vsr.jobs.batch.outlook import little_room
from vsr.jobs.estimate.estimate import Estimates
from vsr.jobs.estimate.figures import Estimate, about_bytes, about_seconds, total
from vsr.jobs.probe.look_ahead import check_packets
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.plan import plan as plan_upscale
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.shared_options import check_shared
from vsr.jobs.upscale.source_film import film_of, is_picture
from vsr.models.catalog import Load
from vsr.specs import UpscaleSpec
from vsr.wording import counted, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What would become of one file.

    Attributes:
        frames: how many are to be done, if the header says so.
        is_counted: that is of the video alone, and not of the longest stream.
        estimate: of what it takes, for a film whose length is known.
        error: why it cannot be done, in one line.
    """

    source: Path
    target: Path
    state: Literal["todo", "skipped", "failed"]
    is_picture: bool
    frames: int | None = None
    is_counted: bool = True
    estimate: Estimate | None = None
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "source": printable(self.source),
            "target": printable(self.target),
            "state": self.state,
            "kind": "picture" if self.is_picture else "clip",
            "frames": self.frames,
            "seconds": None if self.estimate is None else round(self.estimate.seconds.middle, 1),
            "error": self.error,
        }

    def line(self) -> str:
        """Return one line for a person."""
        detail = self.error
        if self.state == "todo":
            clip = "frames unknown" if self.frames is None else counted(self.frames)
            clip = clip if self.is_counted else f"about {clip}"
            detail = "image" if self.is_picture else clip
            if self.estimate is not None:
                is_guess = self.estimate.basis == "guess"
                detail += f", {about_seconds(self.estimate.seconds)}" + ", a guess" * is_guess
        return f"{self.state:7}  {printable(self.target)}" + f"  ({detail})" * bool(detail)


def forecast(source: Sources, target: Path, spec: BatchSpec) -> Iterator[Forecast]:
    """Yield what would become of each file under ``source``, in the order of their names.

    Raises:
        Refused: as `vsr.jobs.batch.batch`.
    """
    items = plan(source, target, spec.selection)
    if not items:
        raise nothing_in(source, target)
    check_shared(spec.upscale, is_done_here=spec.engine.name == "local")
    ledger, settings = read_ledger(target), fingerprint(spec.upscale)
    load, estimates = SegmentWorker().load, Estimates(spec.engine.workers or 1)
    for item in items:
        settled = file_state(item, ledger, spec.upscale.existing, settings).settled
        if settled is None:
            yield _looked_at(item, spec.upscale_each, load, estimates)
        else:
            state: Literal["skipped", "failed"] = "failed" if settled.error else "skipped"
            yield _forecast(item, state, error=settled.error)


def outlook_of(found: list[Forecast]) -> str | None:
    """Return in words what all that is to be done takes; None if nothing is known of it."""
    known = [one.estimate for one in found if one.estimate is not None]
    if not known:
        return None
    words = about_seconds(total([one.seconds for one in known]))
    if any(one.basis == "guess" for one in known):
        words += " (a guess: not yet measured here)"
    sizes = [one.file_bytes for one in known if one.file_bytes is not None]
    return f"{words}, {about_bytes(total(sizes))}" if len(sizes) == len(known) else words


def remarks(source: Sources, target: Path, spec: BatchSpec, found: list[Forecast]) -> list[str]:
    """Return what is left out, what changes nothing, and whether the disk may fill up."""
    estimates = [one.estimate for one in found if one.estimate is not None]
    told = (
        *left_out(source, target, spec.selection),
        spec.ignored(one.source for one in found if one.state == "todo"),
        little_room(target, spec.upscale.work_dir, estimates),
    )
    return [text for text in told if text]


def summary(found: list[Forecast]) -> str:
    """Return in one line how many files are in each state, and what they take."""
    total = totals(found)
    about = "" if all(one.is_counted for one in found) else "about "
    takes = f"; {words}" if (words := outlook_of(found)) else ""
    return (
        f"{total['todo']} to do ({counted(total['clips'], 'video')}, "
        f"{counted(total['pictures'], 'image')}, {about}{counted(total['frames'])} in all), "
        f"{total['skipped']} skipped, {total['failed']} failed{takes}"
    )


def totals(found: list[Forecast]) -> dict[str, int]:
    """Return how many files are in each state, and how much is to be done."""
    todo = [one for one in found if one.state == "todo"]
    pictures = sum(one.is_picture for one in todo)
    return {
        "todo": len(todo),
        "skipped": sum(one.state == "skipped" for one in found),
        "failed": sum(one.state == "failed" for one in found),
        "clips": len(todo) - pictures,
        "pictures": pictures,
        "frames": sum(one.frames or 0 for one in todo),
    }


def _looked_at(item: Item, spec: UpscaleSpec, load: Load, estimates: Estimates) -> Forecast:
    """Plan the work completely, so that whatever it would refuse is refused here."""
    try:
        with film_of(item.source) as source:
            job = plan_upscale(source, item.target, spec, load)
            found = _forecast(item, "todo", frames=job.frames_expected)
            if not isinstance(job, Job):
                return found
            check_packets(job)
            is_counted = job.is_length_counted or found.frames is None
            return replace(found, estimate=estimates.of(job), is_counted=is_counted)
    except (VsrError, OSError) as error:
        return _forecast(item, "failed", error=failed(item, error).error)


def _forecast(
    item: Item,
    state: Literal["todo", "skipped", "failed"],
    *,
    frames: int | None = None,
    error: str = "",
) -> Forecast:
    return Forecast(
        source=item.source,
        target=item.target,
        state=state,
        is_picture=is_picture(item.source),
        frames=frames,
        error=error,
    )
