"""Segments of one film after another; the network and its engine stay open between them."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from vsr.disk.publishing import part_of
from vsr.errors import Failed
from vsr.frames import HostFrame
from vsr.jobs.progress import Note, ignore
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.segment_plan import encoder_of
from vsr.media.reading.reader import Reader
from vsr.media.resume.segments import Segment
from vsr.media.resume.work import record
from vsr.media.writing.join import join
from vsr.media.writing.numbered_images import join_into_images, verify_images
from vsr.media.writing.verify import JoinedFile, OutputFacts, verify
from vsr.media.writing.writer import Writer
from vsr.models import catalog
from vsr.models.catalog import Model
from vsr.upscaling.steps import (
    Counted,
    Counters,
    Sink,
    StepContext,
    VideoStep,
    open_steps,
    run_segment,
)
from vsr.values import PLAIN, Blend, PtsSpan

log = logging.getLogger(__name__)

Written = Callable[[HostFrame, int], None]
"""Called with each written frame and the size of its segment so far, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentStats:
    """What a span contained: its frames, how many repeat the previous one, and the damage.

    Attributes:
        frames: made of it.
        frames_in: decoded.
        reused_tiles: still tiles of the other frames.
        damage: what was wrong with it (`vsr.media.source.decoder.Damage.counts`).
        paths: in what ways the frames were computed (`Engine.path`).
    """

    frames: int
    frames_in: int
    reused: int
    reused_tiles: int
    damage: Mapping[str, int] = field(default_factory=dict)
    paths: tuple[str, ...] = ()


class SegmentWorker:
    """A network and its engine, which process segments. `close` releases them.

    Args:
        mark: called with every step: a decoded frame, a tile, a frame or packet written.
    """

    def __init__(self, mark: Callable[[], None] = lambda: None) -> None:
        self._mark = mark
        self._stack = ExitStack()
        self._opened: tuple[tuple[str, ...], StepContext] | None = None
        self._steps_of: Callable[[PtsSpan], list[VideoStep]] = _no_steps
        self._counters = Counters()
        self._models: dict[tuple[str, int | None, Blend], Model] = {}
        self._note: Note = ignore

    def load(self, name_or_path: str, scale: int | None = None, blend: Blend = PLAIN) -> Model:
        """Return a network as `catalog.load` does, reusing the one that is already open.

        Raises:
            Refused: as `catalog.load`.
        """
        key = (name_or_path, scale, blend)
        if key not in self._models:
            self._models = {key: catalog.load(name_or_path, scale, blend)}
        return self._models[key]

    def do(
        self, job: Job, segment: Segment, path: Path, written: Written, note: Note = ignore
    ) -> SegmentStats:
        """Decode, upscale and encode one segment; the rename to ``path`` commits it.

        A worker wrongly taken for dead may do the same segment at the same time: each writes under
        a name of its own, and the last one replaces identical bytes.

        Raises:
            Failed: it cannot be done.
        """
        own = path.with_name(f"{path.stem}.{socket.gethostname()}-{os.getpid()}{path.suffix}")
        part = part_of(own)

        def count(frame: HostFrame) -> None:
            written(frame, part.stat().st_size if part.exists() else 0)

        started = time.monotonic()
        with Writer.create(own, job.video, encoder_of(job, segment), self._mark) as writer:
            stats = self.run(job, segment.span, writer, count, note)
        record(path, asdict(stats))
        own.replace(path)
        seconds = time.monotonic() - started
        log.info("segment %d: %d frames in %.1f s", segment.index + 1, stats.frames, seconds)
        return stats

    def run(
        self,
        job: Job,
        span: PtsSpan,
        sink: Sink,
        written: Callable[[HostFrame], None],
        note: Note = ignore,
    ) -> SegmentStats:
        """Decode and upscale a span of the source into a sink.

        Raises:
            Failed: it failed, or not every frame arrived.
        """
        steps = self._opener(
            job.spec.steps, replace(step_context(job, self._say), mark=self._mark), note
        )(span)
        before, self._counters.paths = replace(self._counters), set()
        source, context = job.source, job.context
        with Reader.open(
            source.path, source, span, context=context, decoding=job.decoding
        ) as reader:
            frames = Counted(self._marked(reader.frames()), span, job.fields.counter())
            count = run_segment(frames, steps, sink, written)
        if count != frames.due:
            raise Failed(
                f"{job.source.path}: {frames.count} frames in, {count} out, not {frames.due}. "
                "Report this bug."
            )
        return SegmentStats(
            frames=count,
            frames_in=frames.count,
            reused=self._counters.reused - before.reused,
            reused_tiles=self._counters.reused_tiles - before.reused_tiles,
            damage=reader.damage.counts(),
            paths=tuple(sorted(self._counters.paths)),
        )

    def _marked(self, frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
        for frame in frames:
            self._mark()
            yield frame

    def close(self) -> None:
        """Close the engine and release it: the next one may need its memory."""
        self._stack.close()
        self._opened, self._steps_of = None, _no_steps

    def steps(self, names: tuple[str, ...], context: StepContext, note: Note) -> list[VideoStep]:
        """Return the steps of a context, open until it is another one; for a single image."""
        return self._opener(names, replace(context, say=self._say, mark=self._mark), note)(
            PtsSpan()
        )

    def _opener(
        self, names: tuple[str, ...], context: StepContext, note: Note
    ) -> Callable[[PtsSpan], list[VideoStep]]:
        """Open the steps, unless the open ones are the same."""
        self._note = note
        if (names, context) != self._opened:
            self.close()
            self._steps_of = open_steps(names, context, self._stack, self._counters)
            self._opened = (names, context)
        return self._steps_of

    def _say(self, text: str) -> None:
        self._note(text)


def _no_steps(span: PtsSpan) -> list[VideoStep]:
    """Do nothing, before an engine is open."""
    del span
    return []


def step_context(job: Job, note: Note) -> StepContext:
    """Return what the steps of this job need to know."""
    return StepContext(
        plan=job.sizes,
        layout=job.source.video.layout,
        colour=job.colour,
        output_layout=job.encoder.layout,
        coded_layout=job.source.video.reading.coded_layout,
        has_alpha=job.encoder.has_alpha,
        is_premultiplied=job.source.video.is_premultiplied,
        model=job.model,
        device=job.device,
        grain=job.grain,
        tone=job.choice.tone,
        is_steady=job.is_steady,
        tile=job.spec.tile,
        deinterlace=job.fields.mode,
        step=job.source_step,
        film=job.fields.film,
        repeats=job.fields.repeats,
        say=note,
    )


def join_segments(job: Job, segments: list[Path], target: Path) -> JoinedFile:
    """Join the segments into ``target``; `verify_joined` comes next.

    Raises:
        EncodingFailed, NoSpace: they cannot be joined.
    """
    if job.container.is_sequence:
        return join_into_images(segments, target, job.target.name, job.video)
    is_faststart = job.spec.is_faststart and job.container.has_index
    options = [("movflags", "+faststart")] if is_faststart else []
    return join(
        segments,
        job.source,
        job.streams,
        target,
        job.video,
        time=job.spec.time,
        options=options,
    )


def verify_joined(job: Job, joined: JoinedFile, target: Path) -> None:
    """Check what was joined.

    Raises:
        VerificationFailed: what was written is not what the plan promises.
    """
    facts = OutputFacts.of(joined, job.streams, job.video.size)
    if job.container.is_sequence:
        verify_images(target, facts)
    else:
        verify(target, facts)
