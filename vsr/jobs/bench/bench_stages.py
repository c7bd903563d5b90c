"""The stages of one upscale of a made clip, each run alone, and all of them together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from vsr.disk.folders import cache_folder
from vsr.disk.publishing import remove
from vsr.frames import HostFrame
from vsr.jobs.upscale.job import Job
from vsr.media.clock import ticks_per_frame
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.writing.writer import Writer
from vsr.specs import EncodeSpec
from vsr.upscaling.steps import VideoStep, run_segment
from vsr.values import OutputSize, Size

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
            decoding=job.decoding,
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


DRAWN_FRAMES = 12
"""How many frames are drawn; a longer clip plays them forwards and backwards."""

SUPERSAMPLED = Size(960, 540)
"""Up to this size a frame is drawn at four times its size and downscaled."""

DEFAULT_SIZE = Size(480, 270)
ENLARGED_BY = 4
SPEC = EncodeSpec(codec="h264", crf=18, encoder_preset="veryfast")


def source_size(target: OutputSize) -> Size:
    """Return the size whose fourfold is the target's box: 480×270 for 1080p, 960×540 for 4K."""
    if target.width is None or target.height is None:
        return DEFAULT_SIZE
    return Size(_even(target.width / ENLARGED_BY), _even(target.height / ENLARGED_BY))


def own_clip(size: Size, frames: int, folder: Path | None = None) -> Path:
    """Return a clip of that size and length, made once and kept in the cache."""
    from vsr.media.clips.h264 import write_clip
    from vsr.media.clips.scene import SUPERSAMPLING

    folder = folder or cache_folder() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / f"scene-{size.width}x{size.height}-{frames}.nut"
    if clip.exists():
        return clip
    drawn = folder / f"scene-{size.width}x{size.height}.mp4"
    if not drawn.exists():
        part = drawn.with_name(f"part-{os.getpid()}-{drawn.name}")
        supersampling = SUPERSAMPLING if size.pixels <= SUPERSAMPLED.pixels else 1
        try:
            write_clip(part, DRAWN_FRAMES / 24, size, supersampling)
            part.replace(drawn)
        finally:
            remove(part)
    _lengthen(drawn, clip, frames)
    return clip


def bounced(frames: Sequence[HostFrame], count: int, ticks: int) -> Iterator[HostFrame]:
    """Yield ``count`` frames: these forwards and backwards, with rising times."""
    period = max(1, 2 * (len(frames) - 1))
    for index in range(count):
        step = index % period
        frame = frames[step if step < len(frames) else period - step]
        yield replace(frame, pts=index * ticks)


def _lengthen(drawn: Path, clip: Path, frames: int) -> None:
    info = probe(drawn)
    video = info.video
    with Reader.open(drawn, info) as reader:
        pictures = list(islice(reader.frames(), DRAWN_FRAMES))
    frames_in = EncoderInput.of(video, video.size, video.colour)
    encoder = choose(SPEC, "mkv", frames_in, is_cpu_device=True)
    output = OutputVideo(
        size=video.size,
        time_base=video.time_base,
        frame_rate=video.frame_rate,
        colour=video.colour,
    )
    ticks = int(ticks_per_frame(video.frame_rate, video.time_base))
    with Writer.create(clip, output, encoder) as writer:
        for picture in bounced(pictures, frames, ticks):
            writer.write(picture)


def _even(side: float) -> int:
    return max(16, round(side / 2) * 2)
