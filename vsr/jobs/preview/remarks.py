"""What a page says in words: of the video, of how it was computed, and of what is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vsr.device.select import Device
from vsr.jobs.estimate.moments import clock
from vsr.jobs.upscale.job import Job


def summary_of(jobs: Sequence[Job]) -> str:
    """Return what the page is of; where settings are encoded or computed in several ways, each."""
    job, *_ = jobs
    sizes = job.sizes.turned() if job.source.video.is_quarter_turned else job.sizes
    seconds = job.source.video.duration_seconds or job.source.duration_seconds
    length = f", {clock(seconds)} long" if seconds else ""
    encoders = " or ".join(dict.fromkeys(each.encoder.name for each in jobs))
    return (
        f"{sizes.source} → {sizes.output}{length}. Every result is shown after the encoder "
        f"({encoders}); computed on {_devices([each.device for each in jobs])}."
    )


def _devices(devices: Sequence[Device]) -> str:
    """Return each device once, with the precisions that it computes in."""
    precisions: dict[str, list[str]] = {}
    for one in devices:
        precisions.setdefault(f"{one.where} ({one.name}", []).append(one.precision)
    return " or ".join(
        f"{place}, {' or '.join(dict.fromkeys(each))})" for place, each in precisions.items()
    )


def notes_on(jobs: Mapping[str, Job], count: int) -> tuple[str, ...]:
    """Return remarks on the page, and on the settings; what not all of them share names them."""
    job = next(iter(jobs.values()))
    notes = [
        f"Seconds per frame were measured here, on {count} frames in full; the time and the size "
        "of the whole video follow from them, and from the loop."
    ]
    if job.source.video.colour.is_hdr:
        notes.append(
            "The video is HDR: this page shows it as an SDR screen would; the files stay HDR."
        )
    said: dict[str, list[str]] = {}
    for name, one in jobs.items():
        for text in one.notes():
            said.setdefault(text, []).append(name)
    for text, names in said.items():
        is_shared = len(names) == len(jobs)
        notes.append(text[:1].upper() + text[1:] if is_shared else f"{', '.join(names)}: {text}")
    return tuple(notes)
