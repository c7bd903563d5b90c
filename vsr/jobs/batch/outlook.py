"""What a batch will take, said before it starts: each kind of file is tried once."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from vsr.batch.plan import Item
from vsr.errors import VsrError
from vsr.jobs.estimate.estimate import Estimates
from vsr.jobs.estimate.figures import Between, Estimate, about_bytes, about_seconds, total
from vsr.jobs.progress import counted
from vsr.jobs.upscale.plan import plan
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.upscale_plan import Job
from vsr.specs import UpscaleSpec

PATIENCE_SECONDS = 3.0
"""Files that are not looked at by then are taken to be like those that were."""

UNSEEN = (0.7, 1.5)
"""How far that may be wrong."""


def outlook(items: Sequence[Item], spec: UpscaleSpec, workers: int) -> str | None:
    """Return in one line what the files of a batch take; None if none can be estimated.

    Files that will be refused count for nothing.
    """
    estimates, load = Estimates(workers), SegmentWorker().load
    found: list[Estimate] = []
    seen, started = 0, monotonic()
    for item in items:
        if seen and monotonic() - started > PATIENCE_SECONDS:
            break
        seen += 1
        try:
            job = plan(item.source, item.target, spec, load)
        except (VsrError, OSError):
            continue
        estimate = estimates.of(job) if isinstance(job, Job) else None
        found += [] if estimate is None else [estimate]
    if not found or total([one.seconds for one in found]).high < 1:
        return None
    factor = len(items) / seen
    low, high = UNSEEN if factor > 1 else (1.0, 1.0)
    seconds = total([one.seconds for one in found]).scaled(factor)
    words = about_seconds(Between(seconds.low * low, seconds.high * high))
    sizes = [one.file_bytes for one in found if one.file_bytes is not None]
    if len(sizes) == len(found):
        size = total(sizes).scaled(factor)
        words += f", {about_bytes(Between(size.low * low, size.high * high))}"
    return f"{words} for {counted(len(items), 'file')}."
