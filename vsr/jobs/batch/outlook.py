"""What a batch will take, said before it starts: each kind of file is tried once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from vsr.batch.plan import Item
from vsr.errors import VsrError
from vsr.jobs.estimate.estimate import Estimates
from vsr.jobs.estimate.figures import Between, Estimate, about_bytes, about_seconds, total
from vsr.jobs.estimate.room import free_bytes, is_one_disk
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.plan import plan as plan_upscale
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.source_film import film_of
from vsr.specs import UpscaleSpec
from vsr.wording import counted

PATIENCE_SECONDS = 3.0
"""Files that are not looked at by then are taken to be like those that were."""

UNSEEN = (0.7, 1.5)
"""How far that may be wrong."""

ALL = Between(1.0, 1.0)


def outlook(items: Sequence[Item], folder: Path, spec: UpscaleSpec, workers: int) -> list[str]:
    """Return what the files of a batch take, and a warning if the disk may fill up, a line each.

    Nothing is returned of what cannot be estimated. Files that will be refused count for nothing.

    Args:
        folder: where the results go.
    """
    found, seen = _estimates(items, spec, workers)
    if not found or total([one.seconds for one in found]).high < 1:
        return []
    factor = len(items) / seen
    low, high = UNSEEN if factor > 1 else (1.0, 1.0)
    of_all = Between(low * factor, high * factor)
    words = about_seconds(_times(total([one.seconds for one in found]), of_all))
    sizes = [one.file_bytes for one in found if one.file_bytes is not None]
    if len(sizes) == len(found):
        words += f", {about_bytes(_times(total(sizes), of_all))}"
    warning = little_room(folder, spec.work_dir, found, of_all)
    return [f"{words} for {counted(len(items), 'file')}.", *([warning] if warning else [])]


def little_room(
    folder: Path, work_dir: str | None, found: Sequence[Estimate], of_all: Between = ALL
) -> str | None:
    """Return a warning if the results may not fit the disk beside the segments of the largest.

    Args:
        folder: where the results go.
        work_dir: where the segments go, if elsewhere.
        of_all: how many times as much all files take as those that were estimated.
    """
    files = [one.file_bytes for one in found if one.file_bytes is not None]
    videos = [one.video_bytes for one in found if one.video_bytes is not None]
    if not files or not videos:
        return None
    needed = _times(total(files), of_all)
    if work_dir is None or is_one_disk(folder, Path(work_dir).expanduser()):
        needed = total([needed, max(videos, key=lambda size: size.high)])
    free = free_bytes(folder)
    if free >= needed.high:
        return None
    will = "will" if free < needed.low else "may"
    return (
        f"{folder}: the disk {will} fill up: all results need about {about_bytes(needed)}, "
        f"and {about_bytes(Between(free, free))} is free. Make room, or choose another folder."
    )


def _estimates(
    items: Sequence[Item], spec: UpscaleSpec, workers: int
) -> tuple[list[Estimate], int]:
    """Return the estimates of films, and how many files were looked at."""
    estimates, load = Estimates(workers), SegmentWorker().load
    found: list[Estimate] = []
    seen, started = 0, monotonic()
    for item in items:
        if seen and monotonic() - started > PATIENCE_SECONDS:
            break
        seen += 1
        try:
            with film_of(item.source) as source:
                job = plan_upscale(source, item.target, spec, load)
                estimate = estimates.of(job) if isinstance(job, Job) else None
        except (VsrError, OSError):
            continue
        found += [] if estimate is None else [estimate]
    return found, seen


def _times(one: Between, factor: Between) -> Between:
    return Between(one.low * factor.low, one.high * factor.high)
