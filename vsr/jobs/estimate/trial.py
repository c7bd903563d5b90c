"""One setting tried on a few frames: upscaled, really encoded, and decoded again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from statistics import fmean

from vsr.closing import Closing
from vsr.errors import EncodingFailed
from vsr.frames import HostFrame
from vsr.jobs.estimate.figures import Stopwatch, Took, evened
from vsr.jobs.estimate.moments import Moment, wanted_frames
from vsr.jobs.progress import Note
from vsr.jobs.upscale.job import Job
from vsr.jobs.upscale.segment_worker import step_context
from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.splices.splice_search import video_packets
from vsr.media.writing.writer import Writer
from vsr.upscaling.plan import SizePlan
from vsr.upscaling.steps import StepContext, VideoStep, open_steps
from vsr.values import PtsSpan, Size


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """What came back from an encoder, and what it took.

    Attributes:
        frames: decoded, in presentation order.
        took: per frame.
        key_bytes: of a key frame, the mean.
        other_bytes: of another frame, the mean; None if there is none.
    """

    frames: tuple[HostFrame, ...]
    took: Took
    key_bytes: float
    other_bytes: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RenderedMoment:
    """A moment after the whole pipeline.

    Attributes:
        encoded: what came back from the encoder, with the times and the colour of the source.
        computed: what each frame took in the steps.
    """

    encoded: Encoded
    computed: tuple[Took, ...]


class Trial(Closing):
    """A job whose network stays open for all moments that it is tried on.

    Attributes:
        job: what the command would do.
    """

    def __init__(self, job: Job, folder: Path, note: Note) -> None:
        self.job = job
        self._folder = folder
        self._note = note
        self._stack = ExitStack()
        self._opened: tuple[Size, Callable[[PtsSpan], list[VideoStep]]] | None = None
        self._count = 0

    def render(self, moment: Moment) -> RenderedMoment:
        """Upscale and encode a moment, whole frames or a crop.

        Raises:
            Failed: it cannot be computed or encoded.
        """
        source = moment.frames[0].size
        plan = _plan_of(self.job.sizes, source)
        flow: Iterator[HostFrame] = iter(moment.frames)
        for step in self._steps(plan)(moment.span):
            flow = step(flow)
        frames, laps = [], []
        watch = Stopwatch()
        for frame in flow:
            if not frame.extras.is_context:  # another job's: moments are read once for all
                frames.append(frame)
                laps.append(watch.lap())
        if self.job.is_steady:
            whole = evened([*laps, watch.lap()], len(moment.frames))
            laps = [whole] * len(frames)
        video = replace(self.job.video, size=frames[0].size)
        self._count += 1
        path = self._folder / f"{self._count}.nut"
        encoded = through_encoder(frames, video, self.job.encoder, path)
        back = tuple(
            replace(frame, pts=sent.pts, colour=self.job.colour)
            for frame, sent in zip(encoded.frames, frames, strict=True)
        )
        return RenderedMoment(encoded=replace(encoded, frames=back), computed=tuple(laps))

    def close(self) -> None:
        """Release the network."""
        self._stack.close()
        self._opened = None

    def _steps(self, plan: SizePlan) -> Callable[[PtsSpan], list[VideoStep]]:
        if self._opened is None or self._opened[0] != plan.source:
            self.close()
            context = replace(step_context(self.job, self._note), plan=plan)
            self._opened = plan.source, open_steps(self.job.spec.steps, context, self._stack)
        return self._opened[1]


def shown_at(job: Job, frames: Sequence[HostFrame], seconds: Fraction) -> HostFrame:
    """Return which of the frames that a job made is shown at a time on the source's clock."""
    base = job.video.time_base
    before = [frame for frame in frames if frame.pts * base <= seconds]
    return before[-1] if before else frames[0]


def source_frames(job: Job, moment: Moment) -> list[HostFrame]:
    """Return the frames of a moment as a player shows the source: deinterlaced, not enlarged."""
    context: StepContext = step_context(job, lambda text: None)
    names = tuple(name for name in job.spec.steps if name == "deinterlace")
    with ExitStack() as stack:
        plan = _plan_of(job.sizes, moment.frames[0].size)
        context = replace(context, plan=plan, output_layout=context.layout)
        flow: Iterable[HostFrame] = moment.frames
        steps = open_steps(names, context, stack)(moment.span)
        for step in steps:
            flow = step(iter(flow))
        return list(flow if steps else wanted_frames(moment))


def through_encoder(
    frames: Iterable[HostFrame], video: OutputVideo, encoder: Encoder, path: Path
) -> Encoded:
    """Encode frames into a file, decode it, and remove it.

    Raises:
        EncodingFailed: the encoder gave up, or lost a frame.
    """
    watch = Stopwatch()
    with Writer.create(path, video, encoder) as writer:
        for frame in frames:
            writer.write(frame)
    took = watch.lap()
    try:
        info = probe(path)
        with Reader.open(path, info) as reader:
            decoded = tuple(reader.frames())
        packets = [(packet.is_keyframe, packet.size) for packet in video_packets(info)]
    finally:
        path.unlink(missing_ok=True)
    if len(decoded) != writer.frames:
        raise EncodingFailed(
            f"{encoder.name}: {len(decoded)} of {writer.frames} frames came back. "
            "Choose another codec."
        )
    others = [size for is_key, size in packets if not is_key]
    return Encoded(
        frames=decoded,
        took=took.scaled(1 / writer.frames),
        key_bytes=fmean(size for is_key, size in packets if is_key),
        other_bytes=fmean(others) if others else None,
    )


def _plan_of(whole: SizePlan, source: Size) -> SizePlan:
    """Return the sizes of a crop: enlarged as the whole is, to even sides."""
    if source == whole.source:
        return whole
    return replace(
        whole,
        source=source,
        network=source.scaled(whole.scale),
        output=Size(
            _even(source.width * whole.output.width / whole.source.width),
            _even(source.height * whole.output.height / whole.source.height),
        ),
    )


def _even(side: float) -> int:
    return max(2, 2 * round(side / 2))
