"""One segment of a film: decode | steps | encode, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Protocol

from vsr.device.prefetch import prefetch
from vsr.frames import HostFrame
from vsr.specs import PtsSpan
from vsr.upscaling.steps import VideoStep

DECODED_AHEAD = 4
FINISHED_AHEAD = 2
"""Frames queued between the threads: enough to even out, few enough for memory at 4K."""


class Sink(Protocol):
    """Where the finished frames go: a `Writer` of `vsr.media`, or a counter in a benchmark."""

    def write(self, frame: HostFrame) -> None:
        """Take one frame."""
        ...


class Counted:
    """Count the frames of a span as they leave the decoder; its neighbours are context."""

    def __init__(self, frames: Iterator[HostFrame], span: PtsSpan) -> None:
        self.count = 0
        self._frames, self._span = frames, span

    def __iter__(self) -> Iterator[HostFrame]:
        for frame in self._frames:
            self.count += frame.pts in self._span
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
