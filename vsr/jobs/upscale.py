"""``vsr upscale``: one clip, from the file to the larger file."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vsr.errors import Refused
from vsr.frames import HostFrame
from vsr.jobs.plan import Job, prepare
from vsr.jobs.progress import Note, Observer, Stopwatch, ignore
from vsr.media.join import Joined, join
from vsr.media.reader import Reader
from vsr.media.target import check_target
from vsr.media.verify import Expected, verify
from vsr.media.writer import Writer, part_of, publish
from vsr.recipes.pipeline import load_pipeline
from vsr.recipes.preset import load_preset
from vsr.specs import Existing, Target, UpscaleSpec
from vsr.upscaling.segment import run_segment
from vsr.upscaling.steps import STEPS, Counters, Step, StepContext, build


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an upscale did.

    Attributes:
        frames_in: pictures that could be decoded.
        frames_out: pictures in the output, verified.
        frames_reused: of these, repeated ones that took over the output of the one before.
        fps: frames per second of wall time, everything included.
        losses: what is damaged or missing; the exit code is 3 if there is any.
        is_skipped: the target was there and was left alone.
    """

    output: Path
    frames_in: int = 0
    frames_out: int = 0
    frames_reused: int = 0
    elapsed_seconds: float = 0.0
    losses: tuple[str, ...] = ()
    is_skipped: bool = False

    @property
    def fps(self) -> float:
        """Frames per second of wall time."""
        return self.frames_out / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "frames_in": self.frames_in,
            "frames_out": self.frames_out,
            "frames_reused": self.frames_reused,
            "fps": round(self.fps, 3),
            "elapsed_seconds": round(self.elapsed_seconds, 3),
            "output": str(self.output),
            "losses": list(self.losses),
            "skipped": self.is_skipped,
        }

    def summary(self) -> str:
        """Return what to tell a person, losses on lines of their own."""
        if self.is_skipped:
            return f"{self.output}: there already, left alone."
        lines = [f"{self.output}: {self.speed()}"]
        return "\n".join(lines + [f"loss: {loss}" for loss in self.losses])

    def speed(self) -> str:
        """Return frames, time and rate in a few words."""
        reused = f", {self.frames_reused} repeated" if self.frames_reused else ""
        seconds = self.elapsed_seconds
        return f"{self.frames_out} frames{reused} in {seconds:.1f} s, {self.fps:.2f} fps"


def spec_of_preset(
    name: str, target: Target | None = None, existing: Existing = "refuse"
) -> UpscaleSpec:
    """Return the spec that a preset stands for.

    Args:
        target: a size to take in place of the preset's.

    Raises:
        Refused: the preset or its pipeline is unknown or malformed.
    """
    preset = load_preset(name)
    pipeline = load_pipeline(preset.pipeline, "upscale", STEPS)
    return UpscaleSpec(
        target=target or preset.size.target(),
        steps=tuple(step.step for step in pipeline.steps),
        model=preset.model,
        encode=preset.encode.spec(),
        deinterlace=preset.deinterlace,
        existing=existing,
    )


def upscale(
    source: Path,
    target: Path,
    spec: UpscaleSpec,
    *,
    observe: Observer = ignore,
    note: Note = ignore,
) -> Result:
    """Upscale one clip. The target appears under its name only when it is whole and verified.

    Args:
        observe: told of every finished frame.
        note: told, before the start and on the way, what the user should know.

    Raises:
        Refused: nothing was started.
        Failed: it was started and could not be finished.
    """
    if check_target(source, target, spec.existing) is None:
        return Result(output=target, is_skipped=True)
    job = prepare(source, target, spec)
    for text in job.notes():
        note(text)
    return _run(job, observe, note)


def _run(job: Job, observe: Observer, note: Note) -> Result:
    """Decode, upscale and encode into a segment; join it with the other streams; publish."""
    started = time.monotonic()
    watch, counters = Stopwatch(observe, job.frames_expected), Counters()
    with TemporaryDirectory(dir=job.target.parent, prefix=f".{job.target.name}.") as work:
        segment = Path(work) / "000000.nut"
        with (
            ExitStack() as stack,
            Reader.open(job.source.path, job.source, job.span, context=job.context) as reader,
            Writer.create(segment, job.video, job.encoder) as writer,
        ):
            steps = build(job.spec.steps, _context(job, note), stack, counters)
            steps.append(_at_most(job.spec.time.max_frames))
            count = run_segment(reader.frames(), steps, writer, _ticking(watch, job, segment))
            if count == 0:
                raise Refused(f"{job.source.path}: no picture lies between --start and --end.")
        joined = _publish(job, [segment])
    return Result(
        output=job.target,
        frames_in=count,
        frames_out=joined.frames,
        frames_reused=counters.reused,
        elapsed_seconds=time.monotonic() - started,
        losses=(str(reader.damage),) if reader.damage.has_losses else (),
    )


def _publish(job: Job, segments: list[Path]) -> Joined:
    """Join, verify, and only then give the file its name."""
    part = part_of(job.target)
    try:
        joined = join(segments, job.source, job.streams, part, job.video, time=job.spec.time)
        verify(part, Expected.of(joined, job.streams, job.video.size))
        publish(part, job.target)
    finally:
        part.unlink(missing_ok=True)
    return joined


def _ticking(watch: Stopwatch, job: Job, segment: Path) -> Callable[[HostFrame], None]:
    """Return what tells the watch of a frame: how far the output is, and how large."""
    first = job.span.start or job.source.video.start_pts or 0
    part = part_of(segment)

    def written(frame: HostFrame) -> None:
        size = part.stat().st_size if part.exists() else 0
        watch.tick(float((frame.pts - first) * job.video.time_base), size)

    return written


def _at_most(count: int | None) -> Step:
    """Return a step that ends the stream after so many frames."""
    return lambda frames: islice(frames, count)


def _context(job: Job, note: Note) -> StepContext:
    return StepContext(
        plan=job.sizes,
        layout=job.source.video.layout,
        colour=job.colour,
        output_layout=job.encoder.layout,
        model=job.model,
        device=job.device,
        tile=job.spec.tile,
        deinterlace=job.spec.deinterlace,
        span=job.span,
        say=note,
    )
