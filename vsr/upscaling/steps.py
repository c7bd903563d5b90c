"""The steps of a video pipeline, how a list of their names becomes work, and one segment of a film.

``deinterlace, upscale, fit``: consecutive steps of the device (`upscale`, `fit`) run as one pass of
one engine, so no frame crosses the bus between them. A segment is decode | steps | encode, each in
a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from vsr.colour import Colour, Tone
from vsr.device.overlap import Reuse, double_buffered, prefetch
from vsr.device.select import Device
from vsr.device.yuv import YuvFormat
from vsr.errors import Refused
from vsr.frames import HostFrame, Layout
from vsr.upscaling.alpha import divided, enlarged_alpha, filled
from vsr.upscaling.engine.engine import open_engine
from vsr.upscaling.grain import GrainField
from vsr.upscaling.passes.passes import PassSpec
from vsr.upscaling.plan import SizePlan
from vsr.upscaling.steady.step import steadied
from vsr.upscaling.step_order import DEVICE, STEPS, check_steps
from vsr.values import EVERYTHING, Deinterlace, GrainProfile, PtsSpan, Size

if TYPE_CHECKING:
    from vsr.media.frames.soft_telecine import Repeats
    from vsr.media.frames.telecine import Pulldown
    from vsr.models.catalog import Model

VideoStep = Callable[[Iterator[HostFrame]], Iterator[HostFrame]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What the steps of one clip need to know.

    Attributes:
        layout: of the decoded frames.
        colour: of the decoded frames, resolved (`Colour.resolved`); the output keeps it.
        output_layout: what the encoder takes.
        coded_layout: in which a codec held the source, if its chroma had fewer samples.
        is_premultiplied: the colours of the source are multiplied by its alpha.
        has_alpha: frames have alpha, and the encoder takes it.
        grain: to be drawn on the finished frames, or None.
        is_steady: detail is averaged with that of the frames beside (`vsr.upscaling.steady`).
        tone: the curve that luma takes through the network alone, or None.
        tile: the largest tile side in low-resolution pixels; None lets memory decide.
        step: how long a frame of the source lasts at its frame rate, in ticks.
        film: how it was telecined; needed for the deinterlacing of that name.
        repeats: how flags repeat its fields, if its frames get even times.
        say: called with remarks for the user, one line each.
        mark: called with every tile that the network has done, on the CPU.
    """

    plan: SizePlan
    layout: Layout
    colour: Colour
    output_layout: Layout
    model: Model
    device: Device
    coded_layout: Layout | None = None
    has_alpha: bool = False
    is_premultiplied: bool = False
    grain: GrainProfile | None = None
    is_steady: bool = False
    tone: Tone | None = None
    tile: int | None = None
    deinterlace: Deinterlace = "auto"
    step: int = 1
    film: Pulldown | None = None
    repeats: Repeats | None = None
    say: Callable[[str], None] = field(default=lambda line: None)
    mark: Callable[[], None] | None = None


@dataclass(slots=True)
class Counters:
    """Counts of frames, and tiles, that reused the output of the previous frame.

    Attributes:
        paths: in what ways the others were computed (`Engine.path`).
    """

    reused: int = 0
    reused_tiles: int = 0
    paths: set[str] = field(default_factory=set)


def output_size(names: Sequence[str], plan: SizePlan) -> Size:
    """Return the size of the frames that leave these steps.

    Raises:
        UnknownName: a name is not that of a step.
        InvalidOption: ``fit`` before ``upscale``, or a step of the device twice.
    """
    check_steps(names)
    if "fit" in names:
        return plan.output
    return plan.network if "upscale" in names else plan.source


def open_steps(
    names: Sequence[str], context: StepContext, stack: ExitStack, counters: Counters | None = None
) -> Callable[[PtsSpan], list[VideoStep]]:
    """Open what the steps need, once for a clip; return what makes the steps of each span.

    The steps are folded: ``for step in steps: frames = step(frames)``. A span says which frames
    to deliver; the deinterlacer looks at its neighbours too.

    Args:
        stack: owns the engine that is opened here.
        counters: counted up while frames pass.

    Raises:
        UnknownName: a name is not that of a step.
        InvalidOption: an invalid order or repetition.
        Failed: the network does not fit memory.
    """
    check_steps(names)
    counters = counters if counters is not None else Counters()
    before: list[VideoStep] = []
    after: list[VideoStep] = []
    passes: list[VideoStep] = []
    device_steps = [name for name in names if STEPS[name] == DEVICE]
    if device_steps or context.layout != context.output_layout:
        passes = [_engine_pass(device_steps, context, stack, counters)]
    if context.grain is not None:
        after.append(_grain(names, context, context.grain))
    if context.has_alpha:
        bits = context.layout.bits, context.output_layout.bits
        before = [divided, filled] if context.is_premultiplied else [filled]
        after.append(enlarged_alpha(output_size(names, context.plan), *bits))
    is_filtered = "deinterlace" in names and context.deinterlace != "off"
    is_steady = "upscale" in names and context.is_steady

    def steps_of(span: PtsSpan) -> list[VideoStep]:
        fields = [_deinterlaced(context, EVERYTHING if is_steady else span)] if is_filtered else []
        held = list(map(steadied, passes)) if is_steady else passes
        return [*fields, *before, *held, *after]

    return steps_of


def _engine_pass(
    names: list[str], context: StepContext, stack: ExitStack, counters: Counters
) -> VideoStep:
    """Return one pass of one engine for all ``names``."""
    plan = context.plan
    model = context.model if "upscale" in names else None
    spec = PassSpec(
        source=plan.source,
        source_format=YuvFormat(context.layout, context.colour),
        output=output_size(names, plan),
        output_format=YuvFormat(context.output_layout, context.colour),
        scale=plan.scale if model is not None else 1,
        tone=context.tone,
        coded_layout=context.coded_layout,
    )
    engine = stack.enter_context(
        open_engine(
            model, context.device, spec, tile=context.tile, say=context.say, mark=context.mark
        )
    )

    def start(frame: HostFrame) -> Any:
        ticket = engine.start(frame)
        counters.paths.add(engine.path)  # starting it may have had to change that
        return ticket

    def enlarged(frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
        reuse, tiles_before = Reuse(start, engine.finish), engine.reused_tiles
        try:
            yield from double_buffered(frames, reuse.start, reuse.finish, engine.depth)
        finally:
            counters.reused += reuse.reused
            counters.reused_tiles += engine.reused_tiles - tiles_before

    return enlarged


def _grain(names: Sequence[str], context: StepContext, profile: GrainProfile) -> VideoStep:
    """Return the step that draws grain on finished frames."""
    codes = YuvFormat(context.output_layout, context.colour).codes
    plan = context.plan
    return GrainField.of(profile, plan.source, output_size(names, plan), codes).drawn


def _deinterlaced(context: StepContext, span: PtsSpan) -> VideoStep:
    """Return the deinterlacing step: progressive frames pass untouched."""
    from vsr.media.frames.deinterlace import deinterlace
    from vsr.media.frames.inverse_telecine import inverse_telecine
    from vsr.media.frames.soft_telecine import evened

    film, repeats = context.film, context.repeats
    if film is not None:
        return lambda frames: inverse_telecine(frames, span, film, context.say)
    if context.deinterlace == "refuse":
        return _refuse_interlaced
    if repeats is not None:
        return lambda frames: evened(frames, repeats, lambda each: deinterlace(each, span))
    bob_step = context.step if context.deinterlace == "bob" else None
    return lambda frames: deinterlace(frames, span, bob_step=bob_step)


def _refuse_interlaced(frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
    for frame in frames:
        if frame.is_interlaced:
            raise Refused(
                f"the frame at pts {frame.pts} is interlaced. "
                "Choose --deinterlace auto, or off to upscale it as it is."
            )
        yield frame


DECODED_AHEAD = 4
FINISHED_AHEAD = 2
"""Frames queued between the threads: enough to even out, few enough for memory at 4K."""


class Sink(Protocol):
    """Where the finished frames go: a `Writer` of `vsr.media`, or a counter in a benchmark."""

    def write(self, frame: HostFrame) -> None:
        """Take one frame."""
        ...


class Counted:
    """Count the frames of a span as they leave the decoder; its neighbours are context.

    Attributes:
        count: of frames that were read.
        due: how many the steps are to make of them.
    """

    def __init__(
        self, frames: Iterator[HostFrame], span: PtsSpan, made_of: Callable[[HostFrame], int]
    ) -> None:
        self.count = 0
        self.due = 0
        self._frames, self._span, self._made_of = frames, span, made_of

    def __iter__(self) -> Iterator[HostFrame]:
        for frame in self._frames:
            if frame.pts in self._span:
                self.count += 1
                self.due += self._made_of(frame)
            yield frame


def run_segment(
    frames: Iterable[HostFrame],
    steps: Sequence[VideoStep],
    sink: Sink,
    written: Callable[[HostFrame], None] = lambda frame: None,
) -> int:
    """Send frames through the steps into the sink; return how many were written.

    Decoding and computing run in threads behind bounded queues, encoding in the caller's. An error
    in any of them reaches the caller with its own traceback, and no thread is left.

    Args:
        frames: decoded frames.
        written: called with each frame once the sink has taken it.
    """
    count = 0
    with ExitStack() as stack:
        flow: Iterator[HostFrame] = stack.enter_context(
            closing(prefetch(frames, DECODED_AHEAD, "vsr-decode"))
        )
        for step in steps:
            flow = step(flow)
        flow = stack.enter_context(closing(prefetch(flow, FINISHED_AHEAD, "vsr-compute")))
        for frame in flow:
            sink.write(frame)
            count += 1
            written(frame)
    return count
