"""Whether a disk has room for the segments of an upscale, and for the file joined from them."""

from __future__ import annotations

import shutil
from pathlib import Path

from vsr.disk.output_folders import nearest_existing
from vsr.errors import UnwritableOutput
from vsr.jobs.estimate.figures import Between, Estimate, about_bytes


def check_room(folder: Path, segments: Path, estimate: Estimate, done_bytes: int = 0) -> str | None:
    """Check that the result and its segments will fit; return a warning if that is not sure.

    Args:
        folder: where the result goes.
        segments: where its segments go.
        done_bytes: of segments that an earlier run finished.

    Raises:
        UnwritableOutput: even the least that is estimated does not fit.
    """
    file, video = estimate.file_bytes, estimate.video_bytes
    if file is None or video is None:
        return None
    rest = Between(max(0.0, video.low - done_bytes), max(0.0, video.high - done_bytes))
    if is_one_disk(folder, segments):
        both = Between(file.low + rest.low, file.high + rest.high)
        return _checked(folder, both, "the segments and the file joined from them")
    warnings = (
        _checked(folder, file, "the result"),
        _checked(segments, rest, "the segments"),
    )
    return next(filter(None, warnings), None)


def _checked(folder: Path, needed: Between, what: str) -> str | None:
    free = free_bytes(folder)
    if free >= needed.high:
        return None
    is_free = f"{about_bytes(Between(free, free))} is free"
    there = f"{about_bytes(needed)} is needed for {what}, and {is_free}"
    if free >= needed.low:
        return f"{folder}: the disk may fill up: about {there}."
    raise UnwritableOutput(
        f"{folder}: too little room: about {there}. Make room, choose another folder, or "
        "put the segments on another disk (--work-dir)."
    )


def room_needed(folder: Path, work_dir: str | None, estimate: Estimate) -> list[str]:
    """Return in words what goes where, and what is free there; nothing if it is not known."""
    file, video, peak = estimate.file_bytes, estimate.video_bytes, estimate.peak_bytes
    if file is None or video is None or peak is None:
        return []
    segments = folder if work_dir is None else Path(work_dir).expanduser()
    if is_one_disk(folder, segments):
        needs = [(folder, peak, "at the peak: the segments, and the file joined from them")]
    else:
        needs = [(folder, file, "for the result"), (segments, video, "for the segments")]
    return [
        f"{about_bytes(size)} {what}; {about_bytes(Between(*[free_bytes(place)] * 2))} free"
        for place, size, what in needs
    ]


def free_bytes(folder: Path) -> float:
    """Return what is free where a folder is, or will be."""
    return shutil.disk_usage(nearest_existing(folder)).free


def is_one_disk(folder: Path, other: Path) -> bool:
    """Return whether both are, or will be, on one disk."""
    return nearest_existing(folder).stat().st_dev == nearest_existing(other).stat().st_dev
