"""``vsr probe``: what is in a file, and what an upscale would do with it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vsr.colour import UNSPECIFIED, Colour
from vsr.jobs.upscale.picture import PictureJob
from vsr.jobs.upscale.plan import is_kept, plan
from vsr.jobs.upscale.upscale_plan import Job
from vsr.media.reading.probe import probe
from vsr.media.source.info import MediaInfo, StreamInfo, VideoInfo
from vsr.specs import UpscaleSpec


def look(source: Path) -> dict[str, Any]:
    """Return what is in a file, as strings and lists of strings, for people and JSON alike.

    Raises:
        MediaError: it cannot be opened, or has no video.
    """
    return _described(probe(source))


def look_ahead(source: Path, target: Path, spec: UpscaleSpec) -> dict[str, Any]:
    """Return the same, and what an upscale would do; write nothing.

    Raises:
        Refused: whatever `vsr.jobs.workers.upscale.upscale` would, except for the target's place.
    """
    job = plan(source, target, spec)
    if isinstance(job, PictureJob):
        return _planned_picture(job)
    return _described(job.source) | _planned(job)


def rehearse(source: Path, target: Path, spec: UpscaleSpec) -> dict[str, Any]:
    """Return what `look_ahead` does, for a target that really is to be written.

    Raises:
        Refused: whatever `vsr.jobs.workers.upscale.upscale` would.
    """
    is_there = is_kept(source, target, spec)
    kept = {"output": f"{target}: already exists, and is kept"} if is_there else {}
    return look_ahead(source, target, spec) | kept


def _described(info: MediaInfo) -> dict[str, Any]:
    video = info.video
    return {
        "file": str(info.path),
        "format": info.format_name,
        "duration": _seconds(info.duration_seconds),
        "video": _video(video),
        "times": _times(video),
        "colour": _colour(video.colour),
        "display": _display(video),
        "hdr": str(video.hdr) if video.hdr else None,
        "streams": [_stream(stream) for stream in info.others],
        "chapters": info.chapters or None,
    }


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
        "maths_in": _colour(job.colour),
        "tagged_as": _colour(job.video.colour),
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
    return f"{sizes}{stored}, sample aspect {_ratio(job.video.sar)}"


def _video(video: VideoInfo) -> str:
    rate = f"{float(video.frame_rate):.3f} fps" if video.frame_rate else "rate unknown"
    interlaced = ", interlaced" if video.is_interlaced else ""
    bits = f"{video.layout.subsampling} {video.layout.bits} bit"
    return f"{video.codec} {video.size}, {video.pix_fmt} ({bits}), {rate}{interlaced}"


def _times(video: VideoInfo) -> str:
    return f"{video.timing.value}, ticks of {video.time_base} s, from {video.start_pts}"


def _display(video: VideoInfo) -> str | None:
    parts = []
    if video.sar != 1:
        parts.append(f"sample aspect {_ratio(video.sar)}")
    if video.is_quarter_turned:
        parts.append(f"displayed rotated, as {video.size.turned()}")
    if video.display_matrix is not None:
        parts.append(f"display matrix {list(video.display_matrix)}")
    return ", ".join(parts) or None


def _colour(colour: Colour) -> str:
    def code(value: int) -> str:
        return "unspecified" if value == UNSPECIFIED else str(value)

    return (
        f"matrix {code(colour.matrix)}, primaries {code(colour.primaries)}, "
        f"transfer {code(colour.transfer)} (H.273), range {colour.range.name.lower()}, "
        f"chroma {colour.siting.name.lower().replace('_', '-')}"
    )


def _stream(stream: StreamInfo) -> str:
    words = [f"{stream.index} {stream.kind} {stream.codec}", stream.language, stream.title]
    flags = [
        name
        for name, is_set in (
            ("default", stream.is_default),
            ("forced", stream.is_forced),
            ("cover art", stream.is_cover_art),
        )
        if is_set
    ]
    return ", ".join([word for word in words if word] + flags)


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.3f} s"


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}:{value.denominator}"
