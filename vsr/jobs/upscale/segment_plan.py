"""Which segments a film is cut into: of about equal work, and of rates that fill a file's size."""

from __future__ import annotations

from vsr.jobs.upscale.job import Job
from vsr.media.encoding.choose_encoder import at_rate
from vsr.media.encoding.codecs import Encoder
from vsr.media.resume.rates import share
from vsr.media.resume.segments import (
    FEWEST_RATED_FRAMES,
    PATIENCE,
    Segment,
    frames_per_segment,
    plan,
)

MACS_PER_SECOND = 60e9
"""What two older CPU cores roughly reach in a convolution; it only sizes the segments."""

CUDA_ADVANTAGE = 500.0
"""How many times faster a GPU is assumed to be, just as roughly."""


def frame_seconds(job: Job) -> float:
    """Return roughly how long the network takes for a frame."""
    seconds = job.model.traits.macs_per_pixel * job.sizes.source.pixels / MACS_PER_SECOND
    return seconds / CUDA_ADVANTAGE if job.device.is_cuda else seconds


def plan_segments(job: Job) -> tuple[tuple[Segment, ...], str]:
    """Cut the clip into segments of about equal work; if it cannot be cut, a remark says so."""
    seconds = frame_seconds(job) * float(job.fields.ratio)
    frames = job.spec.segment_frames or frames_per_segment(seconds)
    if job.encoder.bit_rate is not None and job.spec.segment_frames is None:
        frames = max(frames, FEWEST_RATED_FRAMES)
    segments = rated(
        job, plan(job.source, frames, job.spec.time, job.fields.ratio, job.fields.film)
    )
    if len(segments) > 1 or segments[0].frames < PATIENCE * frames * job.fields.ratio:
        return segments, ""
    return segments, (
        "timestamps repeat or restart, as in concatenated recordings: it is done in one piece, "
        "and an interrupted run starts over."
    )


def rated(job: Job, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Return the segments, with their rates where the size of the file was asked for.

    Raises:
        InvalidOption: the other streams leave no room for the video.
    """
    file_bytes = job.spec.encode.file_size
    if not isinstance(file_bytes, int):
        return segments
    return share(segments, job.source, job.streams, file_bytes, job.video.frame_rate)


def encoder_of(job: Job, segment: Segment) -> Encoder:
    """Return the encoder of a segment, at the segment's own rate if it has one."""
    return job.encoder if segment.bit_rate is None else at_rate(job.encoder, segment.bit_rate)
