"""What an upscale would do with a file, exactly; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vsr.jobs.estimate.estimate import estimate_of, known_estimate
from vsr.jobs.estimate.figures import Estimate, room_needed
from vsr.jobs.probe.look import colour, described, ratio
from vsr.jobs.upscale.picture import PictureJob
from vsr.jobs.upscale.plan import is_kept, plan
from vsr.jobs.upscale.standard_streams import as_clip
from vsr.jobs.upscale.upscale_plan import Job
from vsr.specs import UpscaleSpec


def look_ahead(source: Path, target: Path, spec: UpscaleSpec) -> dict[str, Any]:
    """Return what is in a file, and what an upscale would do; write nothing.

    How long that takes is what is remembered, or a guess: nothing is tried.

    Raises:
        Refused: whatever `vsr.jobs.workers.upscale.upscale` would, except for the target's place.
    """
    job = plan(source, target, spec)
    if isinstance(job, PictureJob):
        return _planned_picture(job)
    return described(job.source) | _planned(job) | _takes(known_estimate(job))


def rehearse(source: Path | Sequence[Path], target: Path, spec: UpscaleSpec) -> dict[str, Any]:
    """Return what `look_ahead` does, for a target that really is to be written.

    How long it takes, and how much disk, is tried on a few frames.

    Raises:
        Refused: whatever `vsr.jobs.workers.upscale.upscale` would.
    """
    said: list[str] = []
    with as_clip(source, target, spec, said.append) as clip:
        found = _rehearse(clip, target, spec)
    return found | {"notes": [*said, *found.get("notes", ())]}


def _rehearse(source: Path, target: Path, spec: UpscaleSpec) -> dict[str, Any]:
    is_there = is_kept(source, target, spec)
    kept = {"output": f"{target}: already exists, and is kept"} if is_there else {}
    job = plan(source, target, spec)
    if isinstance(job, PictureJob):
        return _planned_picture(job) | kept
    takes = _takes(estimate_of(job), job)
    return described(job.source) | _planned(job) | takes | kept


def _takes(estimate: Estimate | None, job: Job | None = None) -> dict[str, Any]:
    """Return what an upscale takes, in words.

    Args:
        job: to be written: the disk must have room.
    """
    if estimate is None:
        return {"takes": "unknown, as the length of the film is"}
    found: dict[str, Any] = {"takes": str(estimate)}
    if job is not None:
        found["disk"] = room_needed(job.target.absolute().parent, job.spec.work_dir, estimate)
    return found


def _planned(job: Job) -> dict[str, Any]:
    encoder = job.encoder
    options = " ".join(f"{key}={value}" for key, value in encoder.options.items())
    steps = " → ".join(job.spec.steps)
    return {
        "output": f"{job.target} ({job.container.name})",
        "steps": steps,
        "sizes": _sizes(job),
        "network": job.network,
        "device": f"{job.device}: {job.device.why}",
        "maths_in": colour(job.colour),
        "tagged_as": colour(job.video.colour),
        "encoder": f"{encoder.name} {encoder.pix_fmt}, {options}",
        "other_streams": [str(fate) for fate in job.streams.fates],
        "frames": job.frames_expected,
        "notes": list(job.notes()),
    }


def _planned_picture(job: PictureJob) -> dict[str, Any]:
    has_alpha = job.picture.alpha is not None
    return {
        "file": str(job.source),
        "picture": f"{job.sizes.source}, {job.picture.bits} bit" + ", alpha" * has_alpha,
        "output": str(job.target),
        "sizes": str(job.sizes),
        "network": job.network,
        "device": f"{job.device}: {job.device.why}",
        "notes": [str(loss) for loss in job.losses],
    }


def _sizes(job: Job) -> str:
    """Return the sizes as displayed; a rotated video is stored differently."""
    is_turned = job.source.video.is_quarter_turned
    stored = f" (stored rotated, as {job.video.size})" if is_turned else ""
    sizes = job.sizes.turned() if is_turned else job.sizes
    return f"{sizes}{stored}, sample aspect {ratio(job.video.sar)}"
