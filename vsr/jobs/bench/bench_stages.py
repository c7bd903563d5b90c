"""The stages of one upscale, each run alone, and all of them together as ``vsr upscale`` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from vsr.frames import HostFrame
from vsr.jobs.bench.bench_clip import bounced
from vsr.jobs.upscale.upscale_plan import Job
from vsr.media.clock.timing import ticks_per_frame
from vsr.media.reading.reader import Reader
from vsr.media.writing.writer import Writer
from vsr.upscaling.segment import run_segment
from vsr.upscaling.steps import VideoStep

READY_BYTES = 1 << 28
"""How much memory the frames waiting to be encoded may take."""

LEAST_READY, MOST_READY = 2, 12


@dataclass(frozen=True, slots=True)
class TimedRun:
    """One run.

    Attributes:
        cpu_seconds: of all threads of this process.
    """

    frames: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def fps(self) -> float:
        """Frames per second of wall time."""
        return self.frames / self.wall_seconds

    @property
    def cpu_seconds_per_frame(self) -> float:
        """CPU seconds for one frame."""
        return self.cpu_seconds / self.frames


def timed_run(work: Callable[[], int]) -> TimedRun:
    """Time ``work``, which returns how many frames it did."""
    started, cpu_started = time.perf_counter(), time.process_time()
    frames = work()
    cpu_seconds = time.process_time() - cpu_started
    return TimedRun(frames, time.perf_counter() - started, cpu_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What one clip goes through, with its engine open.

    Attributes:
        steps: those of the pipeline, on the engine.
        folder: a temporary one, for encoded files.
        is_discarded: the frames are discarded instead of encoded.
    """

    job: Job
    steps: Sequence[VideoStep]
    folder: Path
    is_discarded: bool = False

    def decode(self, frames: int, threads: int = 0) -> int:
        """Decode the first frames; 0 threads lets the decoder choose, as the pipeline does."""
        with self._reader(threads) as reader:
            return _exhausted(islice(reader.frames(), frames))

    def compute(self, ready: Sequence[HostFrame], frames: int) -> int:
        """Send frames decoded beforehand through the steps: planes in, planes out."""
        return _exhausted(self._through_steps(bounced(ready, frames, self._ticks)))

    def encode(self, ready: Sequence[HostFrame], frames: int, threads: int = 0) -> int:
        """Encode frames enlarged beforehand to disk; 0 threads as the pipeline does."""
        encoder = self.job.encoder
        encoder = replace(encoder, threads=threads or encoder.threads)
        with Writer.create(self.folder / "encoded.nut", self.job.video, encoder) as writer:
            for frame in bounced(ready, frames, self._ticks):
                writer.write(frame)
        return frames

    def whole(self, frames: int) -> int:
        """Decode, compute and encode at once, as ``vsr upscale`` does a segment."""
        with ExitStack() as stack:
            reader = stack.enter_context(self._reader())
            flow = islice(reader.frames(), frames)
            if self.is_discarded:
                return run_segment(flow, self.steps, Discard())
            target = self.folder / "whole.nut"
            writer = Writer.create(target, self.job.video, self.job.encoder)
            return run_segment(flow, self.steps, stack.enter_context(writer))

    def decoded(self) -> tuple[HostFrame, ...]:
        """Return the first frames of the clip, few enough to hold in memory once enlarged."""
        enlarged_bytes = self.job.video.size.pixels * 3
        count = max(LEAST_READY, min(MOST_READY, READY_BYTES // enlarged_bytes))
        with self._reader() as reader:
            return tuple(islice(reader.frames(), count))

    def enlarged(self, ready: Sequence[HostFrame]) -> tuple[HostFrame, ...]:
        """Return the same frames, enlarged, in memory of their own.

        An engine only lends its memory: on a GPU it has fewer slots than there are frames to hold.
        """
        return tuple(
            replace(frame, planes=tuple(plane.copy() for plane in frame.planes))
            for frame in self._through_steps(iter(ready))
        )

    def _through_steps(self, flow: Iterator[HostFrame]) -> Iterator[HostFrame]:
        for step in self.steps:
            flow = step(flow)
        return flow

    def _reader(self, threads: int = 0) -> Reader:
        job = self.job
        return Reader.open(
            job.source.path,
            job.source,
            thread_count=threads,
            context=job.context,
            hwaccel=job.decoding.hwaccel,
        )

    @property
    def _ticks(self) -> int:
        video = self.job.source.video
        return max(1, int(ticks_per_frame(video.frame_rate, video.time_base)))


class Discard:
    """Discards the finished frames."""

    def write(self, frame: HostFrame) -> None:
        """Take one frame."""


def _exhausted(flow: Iterator[HostFrame]) -> int:
    """Consume all frames and count them."""
    return sum(1 for _ in flow)
