"""The segments of a film: how it is cut into them, and how they are joined into one file."""

from __future__ import annotations

from pathlib import Path

from vsr.jobs.progress import Note
from vsr.jobs.upscale.upscale_plan import Job
from vsr.media.resume.segments import PATIENCE, Segment, frames_per_segment, plan
from vsr.media.writing.join import join
from vsr.media.writing.scan import Joined
from vsr.media.writing.verify import Expected, verify

MACS_PER_SECOND = 60e9
"""What two older CPU cores roughly reach in a convolution; it only sizes the segments."""

CUDA_ADVANTAGE = 500.0
"""How many times faster a GPU is assumed to be, just as roughly."""


def plan_segments(job: Job, note: Note) -> tuple[Segment, ...]:
    """Cut the clip into segments of about equal work; say so if it cannot be cut."""
    frame_seconds = job.model.traits.macs_per_pixel * job.sizes.source.pixels / MACS_PER_SECOND
    if job.device.is_cuda:
        frame_seconds /= CUDA_ADVANTAGE
    frames = job.spec.segment_frames or frames_per_segment(frame_seconds)
    segments = plan(job.source, frames, job.spec.time)
    if len(segments) == 1 and segments[0].frames >= PATIENCE * frames:
        note(
            "timestamps repeat or restart, as in concatenated recordings: it is done in one piece, "
            "and an interrupted run starts over."
        )
    return segments


def join_verified(job: Job, segments: list[Path], target: Path) -> Joined:
    """Join the segments into ``target`` and verify the result.

    Raises:
        EncodingFailed, NoSpace: they cannot be joined.
        VerificationFailed: what was written is not what the plan promises.
    """
    is_mp4 = job.container.name in ("mp4", "mov")
    options = [("movflags", "+faststart")] if job.spec.is_faststart and is_mp4 else []
    joined = join(
        segments,
        job.source,
        job.streams,
        target,
        job.video,
        time=job.spec.time,
        options=options,
    )
    verify(target, Expected.of(joined, job.streams, job.video.size))
    return joined
