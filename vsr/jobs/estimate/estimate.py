"""How long an upscale takes, how large its result gets, and what is worth trying instead."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from vsr.errors import Refused
from vsr.jobs.estimate.figures import SHORT_SECONDS, Between, Estimate, Other
from vsr.jobs.estimate.pace import UNSURE_SECONDS, Pace, Rate, tried
from vsr.jobs.estimate.remembered import Kind, Remembered, recall, remember
from vsr.jobs.estimate.room import free_bytes
from vsr.jobs.process_setup import core_count
from vsr.jobs.upscale.choice import choose_steady
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.segment_worker import SegmentStats
from vsr.jobs.upscale.spool import PIPE
from vsr.models import catalog
from vsr.upscaling.engine.precision import with_precision

log = logging.getLogger(__name__)

LONG_SECONDS = 300.0
"""For runs longer than this the estimate names a faster network too."""

BETTER_SECONDS = 3600.0
"""A better network is named only if a run with it takes less than this."""

WORTH = 0.6
"""A network is named as faster if it takes less than this share of the time."""

LONG_FRAMES = 100
"""Runs with fewer frames are not remembered: their start counts too much."""

SPARED = 0.05
TILES = 32
"""The share of frames that may be repeats, and how many still tiles count as one."""

FASTER, BETTER = "lite", "fast"

MOST_BITS_PER_PIXEL = 12
"""The most that a compressed frame is assumed to take: as much as 8 bits in 4:2:0 uncompressed."""

VAGUE = 2.0
"""A guess is right to within this factor, at best."""

MACS_PER_SECOND = {"fp32": 60e9, "bf16": 110e9, "int8": 200e9, "fp16": 6000e9, "autocast": 6000e9}
ENCODED_PIXELS_PER_SECOND = 60e6
"""What two CPU cores roughly reach (in fp16, a GPU): for guesses."""


def estimate_of(job: Job, workers: int = 1) -> Estimate | None:
    """Return what a job takes, within two seconds; None if the film's length is unknown.

    Short work is guessed, unless the disk is so full that its size matters. Else strips of a few
    frames go through the network and the encoder, and their pace is remembered, unless that of a
    whole run is.

    Args:
        workers: of one kind that share it.
    """
    frames = job.frames_expected
    if frames is None:
        return None
    guess = frames * guessed_seconds(job) / workers
    if _is_short(job, workers) and not _is_cramped(job):
        known = recall(kind_of(job))
        if known is not None:
            short = estimate_with(job, shared(known.frame_seconds, job, workers), None)
            return short and replace(short, basis="remembered")
        return Estimate(
            seconds=Between(guess, guess), other_bytes=carried_bytes(job), basis="guess"
        )
    frame_seconds, rate = _tried(job)
    if frame_seconds is None:
        vague = Between(guess / VAGUE, guess * VAGUE)
        return Estimate(seconds=vague, other_bytes=carried_bytes(job), basis="guess")
    estimate = estimate_with(job, shared(frame_seconds, job, workers), rate)
    assert estimate is not None
    return replace(estimate, other=_other(job, estimate.seconds, workers))


def estimate_if_cramped(job: Job) -> Estimate | None:
    """Return what a job takes if the disk may be too full for it; else None, and nothing is tried.

    For one of many films, of which all together was estimated.
    """
    return estimate_of(job) if _is_cramped(job) else None


class Estimates:
    """Estimates of many films: each kind of work is tried once, on the first film of it.

    Args:
        workers: of one kind that share the work.
    """

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._tried: dict[Kind, tuple[Between | None, Rate | None]] = {}

    def of(self, job: Job) -> Estimate | None:
        """Return what a job takes; None if the film's length is unknown."""
        if job.frames_expected is None or _is_short(job, self._workers):
            return estimate_of(job, self._workers)
        kind = kind_of(job)
        if kind not in self._tried:
            self._tried[kind] = _tried(job)
        frame_seconds, rate = self._tried[kind]
        if frame_seconds is None:
            return known_estimate(job)
        return estimate_with(job, shared(frame_seconds, job, self._workers), rate)


def known_estimate(job: Job) -> Estimate | None:
    """Return what a job takes as far as that is remembered, else a guess; nothing is tried."""
    known = recall(kind_of(job))
    if known is not None and (found := estimate_with(job, known.frame_seconds, None)):
        return replace(found, basis="remembered")
    frames = job.frames_expected
    if frames is None:
        return None
    guess = frames * guessed_seconds(job)
    vague = Between(guess / VAGUE, guess * VAGUE)
    return Estimate(seconds=vague, other_bytes=carried_bytes(job), basis="guess")


def estimate_with(job: Job, frame_seconds: Between, rate: Rate | None) -> Estimate | None:
    """Return what a job takes if a frame takes so much; None if the film's length is unknown."""
    frames = job.frames_expected
    if frames is None:
        return None
    return Estimate(
        seconds=frame_seconds.scaled(frames),
        video_bytes=rate.frame_bytes().scaled(frames) if rate is not None else None,
        other_bytes=carried_bytes(job),
    )


def shared(frame_seconds: Between, job: Job, workers: int) -> Between:
    """Return the seconds of a frame if workers share the film.

    Those of one machine share its cores, which one worker keeps busy alone; GPUs and the machines
    of a cluster add up.
    """
    cores = core_count()
    machines = max(1.0, workers * (job.spec.threads or cores) / cores)
    return frame_seconds.scaled(1 / (workers if job.device.is_cuda else machines))


def paced(job: Job, pace: Pace) -> Between:
    """Return the seconds of a frame: as remembered of whole runs, else by a pace just measured.

    What was measured is remembered.
    """
    kind = kind_of(job)
    known = recall(kind)
    if known is not None and known.is_of_runs:
        return known.frame_seconds
    seconds = pace.frame_seconds(core_count(), is_cuda=job.device.is_cuda)
    low, high = UNSURE_SECONDS
    seconds = Between(seconds.low * low, seconds.high * high)
    remember(Remembered(kind=kind, frame_seconds=seconds))
    return seconds


def kind_of(job: Job) -> Kind:
    """Return what a job's pace depends on."""
    encoder, video = job.encoder, job.source.video
    options = " ".join(f"{key}={value}" for key, value in encoder.options.items())
    after = ", steady" * job.is_steady + (", grain" if job.grain else "")
    return Kind(
        hardware=job.device.hardware,
        cores=core_count(),
        network=f"{job.model.name} ×{job.model.traits.scale}{after}",
        precision=job.device.precision,
        sizes=str(job.sizes),
        pixels=job.sizes.source.pixels,
        source=f"{video.codec} {video.pix_fmt}" + f", {job.fields.mode}" * video.is_interlaced,
        encoder=f"{encoder.name} {encoder.pix_fmt} {options}, {encoder.threads} threads",
    )


def guessed_seconds(job: Job) -> float:
    """Return the seconds that a frame roughly takes, without trying anything."""
    macs = job.model.traits.macs_per_pixel * job.sizes.source.pixels
    encode = job.video.size.pixels / ENCODED_PIXELS_PER_SECOND
    compute = macs / MACS_PER_SECOND[job.device.precision]
    if job.device.is_cuda:
        return max(compute, encode)
    return compute + encode


def remember_run(job: Job, stats: SegmentStats, seconds: float) -> None:
    """Remember the pace of a long part of a run, unless the film spared it much work.

    One of several workers has only a share of the machine: its pace tells nothing.
    """
    spared = stats.reused + stats.reused_tiles / TILES
    if job.spec.threads is not None or stats.frames < LONG_FRAMES or spared > stats.frames * SPARED:
        return
    pace = seconds / stats.frames
    low, high = UNSURE_SECONDS
    known = Remembered(
        kind=kind_of(job), frame_seconds=Between(pace * low, pace * high), is_of_runs=True
    )
    remember(known)


def _is_short(job: Job, workers: int) -> bool:
    return (job.frames_expected or 0) * guessed_seconds(job) / workers < SHORT_SECONDS


def _is_cramped(job: Job) -> bool:
    """Return whether a result of many bits, and its segments, may not fit the disk."""
    folder = job.target.absolute().parent
    stores = (
        [folder] if job.spec.work_dir is None else [folder, Path(job.spec.work_dir).expanduser()]
    )
    frames = job.frames_expected or 0
    most = carried_bytes(job) + frames * job.video.size.pixels * MOST_BITS_PER_PIXEL / 8
    return job.target != PIPE and min(map(free_bytes, stores)) < 2 * most


def _tried(job: Job) -> tuple[Between | None, Rate | None]:
    """Return the seconds and bytes of a frame, tried on strips; what is known if that fails."""
    try:
        found = tried(job)
    except Exception:  # no estimate may stop a run, which will say better what is wrong
        log.debug("no estimate of %s", job.source.path, exc_info=True)
        found = None
    if found is None:
        known = recall(kind_of(job))
        return (known.frame_seconds if known else None), None
    pace, rate = found
    return paced(job, pace), rate


def _other(job: Job, seconds: Between, workers: int) -> Other | None:
    """Return a network that is worth knowing of: much faster, or better in reasonable time."""
    if seconds.low > LONG_SECONDS and job.model.name not in (FASTER, "bicubic"):
        wanted = FASTER
    elif job.model.name in (FASTER, "bicubic"):
        wanted = BETTER
    else:
        return None
    other = with_model(job, wanted)
    if other is None:
        return None
    known = recall(kind_of(other))
    found = known.frame_seconds if known else _tried(other)[0]
    if found is None:
        return None
    theirs = shared(found, other, workers).scaled(job.frames_expected or 0)
    is_worth = (
        theirs.high < WORTH * seconds.low if wanted == FASTER else theirs.high < BETTER_SECONDS
    )
    return Other(model=wanted, seconds=theirs) if is_worth else None


def with_model(job: Job, name: str) -> Job | None:
    """Return the same work with another network, if it has that scale."""
    video = job.source.video
    try:
        model = catalog.load(name, job.sizes.scale)
        device = with_precision(job.device, job.spec.precision, model, video.layout, video.colour)
    except Refused:
        return None
    choice = job.choice
    if "steady" in choice.chosen:
        undecided = replace(choice, spec=replace(choice.spec, steady="auto"))
        choice = choose_steady(undecided, model, device, job.fields)
    spec = replace(job.spec, steady=choice.spec.steady)
    return replace(job, model=model, device=device, spec=spec)


def carried_bytes(job: Job) -> float:
    """Return the size of the streams that are copied or converted, as far as headers say it."""
    seconds = job.source.duration_seconds or 0.0
    streams = [fate.stream for fate in job.streams.carried]
    return sum((one.bit_rate or 0) / 8 * (one.duration_seconds or seconds) for one in streams)
