"""What an upscale would do with a file, exactly; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vsr.jobs.estimate.estimate import estimate_of, known_estimate
from vsr.jobs.estimate.figures import Between, Estimate, about_bytes
from vsr.jobs.estimate.room import room_needed
from vsr.jobs.probe.ffprobe_names import values_of
from vsr.jobs.probe.look import (
    FileReport,
    Lines,
    colour,
    described,
    format_in_words,
    in_words,
    ratio,
)
from vsr.jobs.upscale.beforehand import is_kept
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.picture_plan import PictureJob
from vsr.jobs.upscale.plan import plan
from vsr.jobs.upscale.segment_plan import plan_segments
from vsr.jobs.upscale.spool import PIPE, check_pipe, spooled
from vsr.jobs.upscale.standard_streams import as_clip
from vsr.media.streams.stream_plan import Fate
from vsr.specs import UpscaleSpec
from vsr.wording import counted

Source = Path | Sequence[Path]
"""A source as `vsr.jobs.workers.upscale.upscale` takes it."""


def look_ahead(source: Source, target: Path, spec: UpscaleSpec) -> FileReport:
    """Return what is in a file, and what an upscale would do; write nothing.

    How long that takes is what is remembered, or a guess: nothing is tried.

    Raises:
        Refused: whatever `vsr.jobs.workers.upscale.upscale` would, except for the target's place.
    """

    def report_on(clip: Path) -> FileReport:
        if target == PIPE:
            check_pipe(spec)
        with spooled(clip) as film:
            job = plan(film, target, spec)
            if isinstance(job, PictureJob):
                return _report_on_picture(job, {})
            check_packets(job)
            estimate = known_estimate(job)
        return _report_on(_named(job, source), estimate, {"takes": _takes(estimate)})

    return _of_clip(source, target, spec, report_on)


def rehearse(source: Source, target: Path, spec: UpscaleSpec) -> FileReport:
    """Return what `look_ahead` does, for a target that really is to be written.

    How long it takes, and how much disk, is tried on a few frames.

    Raises:
        Refused: whatever `vsr.jobs.workers.upscale.upscale` would.
    """

    def report_on(clip: Path) -> FileReport:
        is_there = is_kept(clip, target, spec)
        kept = {"output": f"{target}: already exists, and is kept"} if is_there else {}
        with spooled(clip) as film:
            job = plan(film, target, spec)
            if isinstance(job, PictureJob):
                return _report_on_picture(job, kept)
            check_packets(job)
            estimate = estimate_of(job)
        also: dict[str, Any] = {"takes": _takes(estimate)}
        if estimate is not None:
            folder = job.target.absolute().parent
            also["disk"] = room_needed(folder, job.spec.work_dir, estimate)
        return _report_on(_named(job, source), estimate, also | kept)

    return _of_clip(source, target, spec, report_on)


def _of_clip(
    source: Source, target: Path, spec: UpscaleSpec, report_on: Callable[[Path], FileReport]
) -> FileReport:
    """Return what there is to say of the clip that a source is, with what is said of the source."""
    said: list[str] = []
    with as_clip(source, target, spec, said.append) as clip:
        found = report_on(clip)
    return replace(
        found,
        words=_with_notes(found.words, said),
        details=_with_notes(found.details, said),
        values={**found.values, "upscale": _with_notes(found.values["upscale"], said)},
    )


def check_packets(job: Job) -> None:
    """Refuse what a run refuses once it has read the packets, where that may be.

    Raises:
        InvalidOption: sound alone fills a file of that size; the part holds no frame.
        DecodingFailed: the source cannot be read.
    """
    may_be_empty = not job.spec.time.is_whole and job.frames_expected is None
    if may_be_empty or job.spec.encode.file_size is not None:
        plan_segments(job)


def _named(job: Job, source: Source) -> Job:
    """Return the plan of a temporary file under the name of what it stands for."""
    path = source if isinstance(source, Path) else source[0].parent
    return replace(job, source=replace(job.source, path=path))


def _with_notes(found: Lines, said: list[str]) -> Lines:
    return {**found, "notes": [*said, *found.get("notes", ())]}


def _takes(estimate: Estimate | None) -> str:
    return "unknown, as is the length of the video" if estimate is None else str(estimate)


def _report_on(job: Job, estimate: Estimate | None, also: Lines) -> FileReport:
    """Return what an upscale would do, with what is said of it at the end."""
    source = job.source
    return FileReport(
        words={**in_words(source), **_in_words(job), **also},
        details={**described(source), **_in_detail(job), **also},
        values={**values_of(source), "upscale": _values(job, estimate)},
    )


def _in_words(job: Job) -> dict[str, Any]:
    """Return what would be done in plain words."""
    encoder, fates = job.encoder, job.streams.fates
    kept = [fate for fate in fates if fate.fate is Fate.COPY]
    options = encoder.options
    asked = job.spec.encode
    quality = [f"CRF {options['crf']}"] if "crf" in options else []
    if asked.file_size is not None:
        quality = [f"a file of about {about_bytes(Between(*[float(asked.file_size)] * 2))}"]
    elif asked.bitrate is not None:
        quality = [f"{float(asked.bitrate) / 1000:.0f} kb/s"]
    speed = [str(options["preset"])] if "preset" in options else []
    also = "".join(f", {one} bit" for one in [encoder.layout.bits] if one > 8)
    told = [str(fate) for fate in fates if fate not in kept]
    network = job.choice.in_short(job.model)
    size = job.video.size.turned() if job.source.video.is_quarter_turned else job.video.size
    return {
        "output": f"{job.target}: {size}, {format_in_words(encoder.codec)}{also}",
        "network": network,
        "device": str(job.device),
        "encoder": ", ".join((encoder.name, *quality, *speed)),
        "carried": [
            *([f"{counted(len(kept), 'stream')} as in the source"] if kept else []),
            *told,
        ],
        "notes": _in_short(job.notes(), network, told),
    }


def _in_short(notes: Iterable[str], network: str, told: Sequence[str] = ()) -> list[str]:
    """Return the notes without those, or the beginnings of those, that other lines tell."""
    head = f"model {network}."
    left = (note for note in notes if note.rstrip(".") not in told and note != head)
    return [note.removeprefix(head).strip() for note in left]


def _in_detail(job: Job) -> dict[str, Any]:
    """Return what would be done, as FFmpeg and the engine name it."""
    encoder = job.encoder
    options = " ".join(f"{key}={value}" for key, value in encoder.options.items())
    return {
        "output": f"{job.target} ({job.container.name})",
        "steps": " → ".join(job.spec.steps),
        "sizes": _sizes(job),
        "network": job.network,
        "device": f"{job.device}: {job.device.why}",
        "maths in": colour(job.colour),
        "tagged as": colour(job.video.colour),
        "encoder": f"{encoder.name} {encoder.pix_fmt}, {options}",
        "carried": [str(fate) for fate in job.streams.fates],
        "frames": _frames(job),
        "notes": list(job.notes()),
    }


def _frames(job: Job) -> str:
    count = job.frames_expected
    return "unknown" if count is None else f"{'' if job.is_length_counted else 'about '}{count}"


def _values(job: Job, estimate: Estimate | None) -> dict[str, Any]:
    """Return what would be done as JSON values."""
    encoder, blend = job.encoder, job.model.blend
    file_bytes = None if estimate is None else estimate.file_bytes
    return {
        "filename": str(job.target),
        "format_name": job.container.name,
        "width": job.video.size.width,
        "height": job.video.size.height,
        "sample_aspect_ratio": ratio(job.video.sar),
        "codec_name": encoder.codec,
        "encoder": encoder.name,
        "encoder_options": dict(encoder.options),
        "pix_fmt": encoder.pix_fmt,
        "nb_frames": job.frames_expected,
        "sizes": _sizes(job),
        "model": job.model.name,
        "scale": job.sizes.scale,
        "strength": blend.strength,
        "sharpness": blend.sharpness,
        "device": job.device.kind,
        "precision": job.device.precision,
        "seconds": None if estimate is None else [estimate.seconds.low, estimate.seconds.high],
        "size": None if file_bytes is None else [round(file_bytes.low), round(file_bytes.high)],
        "streams": [str(fate) for fate in job.streams.fates],
        "notes": list(job.notes()),
    }


def _report_on_picture(job: PictureJob, kept: Lines) -> FileReport:
    """Return what is in an image, and what would become of it."""
    has_alpha = job.picture.alpha is not None
    notes, network = list(job.notes()), job.choice.in_short(job.model)
    words = {
        "file": str(job.source),
        "image": f"{job.sizes.source}, {job.picture.bits} bit" + ", transparent" * has_alpha,
        "output": f"{job.target}: {job.sizes.output}",
        "network": network,
        "device": str(job.device),
        "notes": _in_short(notes, network),
    }
    details = {
        "sizes": str(job.sizes),
        "network": job.network,
        "device": f"{job.device}: {job.device.why}",
        "notes": notes,
    }
    values = {
        "format": {"filename": str(job.source), "size": job.source.stat().st_size},
        "streams": [
            {
                "codec_type": "video",
                "width": job.sizes.source.width,
                "height": job.sizes.source.height,
                "bits_per_raw_sample": job.picture.bits,
            }
        ],
        "upscale": {
            "filename": str(job.target),
            "width": job.sizes.output.width,
            "height": job.sizes.output.height,
            "sizes": str(job.sizes),
            "model": job.model.name,
            "scale": job.sizes.scale,
            "strength": job.model.blend.strength,
            "sharpness": job.model.blend.sharpness,
            "device": job.device.kind,
            "precision": job.device.precision,
            "notes": notes,
        },
    }
    return FileReport({**words, **kept}, {**words, **details, **kept}, values)


def _sizes(job: Job) -> str:
    """Return the sizes as displayed; a rotated video is stored differently."""
    is_turned = job.source.video.is_quarter_turned
    stored = f" (stored rotated, as {job.video.size})" if is_turned else ""
    sizes = job.sizes.turned() if is_turned else job.sizes
    return f"{sizes}{stored}, sample aspect {ratio(job.video.sar)}"
