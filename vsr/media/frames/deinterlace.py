"""Fields: one progressive frame for each interlaced one, or for each field.

Of the filters in PyAV's build bwdif lets still text and diagonals flicker least, by far
(`docs/notebook.md`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame

from vsr.frames import Extras, HostFrame
from vsr.media.clock import MOST_STEPS
from vsr.media.frames.formats import PLANES, Reading, pix_fmt_of
from vsr.media.frames.planes import planes_in, video_frame_of
from vsr.values import EVERYTHING, PtsSpan

FEWEST_ROWS = 8
"""bwdif needs four rows in a plane, and chroma may have half as many as luma."""


def deinterlace(
    frames: Iterable[HostFrame],
    span: PtsSpan = EVERYTHING,
    *,
    bob_step: int | None = None,
) -> Iterator[HostFrame]:
    """Replace each interlaced frame by a progressive one of the same time, or by two (bwdif).

    Progressive frames pass unchanged. The filter looks at one frame on either side: for a part of a
    clip, feed one more on either side (`vsr.media.reading.reader.Reader.open`, ``context=1``) and
    give the span; then the result equals that of the whole clip.

    Args:
        frames: in presentation order, all of one size and layout.
        span: frames outside of it are only looked at.
        bob_step: if given, every field becomes a frame; times are in half ticks then, so that the
            second field is exactly half-way to the next frame. Captions stay with the first field.
            It is how long a frame lasts at the frame rate, in ticks: where one lasts much longer,
            as before a hole, the second field does not wait for half of it.
    """
    first, frames = _peeked(frames)
    clock = _FieldClock(bob_step) if bob_step is not None else None
    if clock is not None:
        frames = clock.follow(frames)
    if first is None or first.size.height < FEWEST_ROWS:
        done: Iterator[Filtered] = ((frame, frame, 0) for frame in frames)
    else:
        done = _filtered(frames, 1 if clock is None else 2)
    for original, progressive, field in done:
        if original.pts in span:
            yield progressive if clock is None else clock.timed(progressive, field)


def count_bobbed(frame: HostFrame) -> int:
    """Return how many frames a bobbed one becomes."""
    return 2 if frame.is_interlaced and frame.size.height >= FEWEST_ROWS else 1


class _FieldClock:
    """Gives the fields of a frame their times, in half ticks."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._before: int | None = None
        self._latest: int | None = None

    def follow(self, frames: Iterable[HostFrame]) -> Iterator[HostFrame]:
        """Pass frames on, and see their times."""
        for frame in frames:
            self._before, self._latest = self._latest, frame.pts
            yield frame

    def timed(self, frame: HostFrame, field: int) -> HostFrame:
        """Return a frame with the time of a field.

        The frame after it was seen already, unless it is the last; that lasts as long as the one
        before it.
        """
        if field == 0:
            return replace(frame, pts=2 * frame.pts)
        gap = self._step
        if self._before is not None and self._latest is not None:
            gap = self._latest - self._before
        gap = gap if gap <= MOST_STEPS * self._step else self._step
        extras = Extras(is_context=frame.extras.is_context)
        return replace(frame, pts=2 * frame.pts + gap, extras=extras)


def _peeked(frames: Iterable[HostFrame]) -> tuple[HostFrame | None, Iterator[HostFrame]]:
    iterator = iter(frames)
    first = next(iterator, None)
    return first, iterator if first is None else chain([first], iterator)


Filtered = tuple[HostFrame, HostFrame, int]
"""A frame, what is made of it, and which of its fields that shows."""


def _filtered(frames: Iterable[HostFrame], fields: int) -> Iterator[Filtered]:
    """Yield each frame with its progressive forms, one for each of ``fields``.

    A filter lasts for a run of interlaced frames of one field order, and sees one more frame at
    either end. No filter runs over progressive frames.
    """
    current: _Bwdif | None = None
    previous: HostFrame | None = None
    for frame in frames:
        if current is not None and not current.suits(frame):
            yield from current.push(frame)
            current = None
        if not frame.is_interlaced:
            yield frame, frame, 0
        else:
            if current is None:
                current = _Bwdif(frame, fields)
                if previous is not None:
                    current.look_at(previous)
            yield from current.push(frame)
        previous = frame
    if current is not None:
        yield from current.finish()


class _Bwdif:
    """FFmpeg's bwdif for one field order. It returns a frame once it has seen the next one."""

    def __init__(self, frame: HostFrame, fields: int) -> None:
        self._fields = fields
        self._is_top_first = frame.is_top_field_first
        # bwdif takes gray of 8 bits only; deeper gray is passed as luma with empty chroma.
        self._is_padded = frame.layout.is_gray and frame.layout.bits > 8
        self._layout = replace(frame.layout, is_gray=False) if self._is_padded else frame.layout
        self._waiting: deque[tuple[HostFrame | None, int]] = deque()
        self._graph = self._build(frame)

    def suits(self, frame: HostFrame) -> bool:
        """Return whether this filter suits a frame."""
        return frame.is_interlaced and frame.is_top_field_first == self._is_top_first

    def look_at(self, frame: HostFrame) -> None:
        """Feed a frame whose result is not wanted."""
        self._wait(None)
        self._push(frame)

    def push(self, frame: HostFrame) -> Iterator[Filtered]:
        """Take the next frame; yield those that are done."""
        self._wait(frame)
        self._push(frame)
        yield from self._pull()

    def finish(self) -> Iterator[Filtered]:
        """Yield the last frame."""
        self._graph.vpush(None)
        yield from self._pull()

    def _build(self, frame: HostFrame) -> Graph:
        graph = Graph()
        field = "tff" if self._is_top_first else "bff"
        source = graph.add(
            "buffer",
            video_size=f"{frame.size.width}x{frame.size.height}",
            pix_fmt=pix_fmt_of(self._layout),
            time_base="1/1",
        )
        mode = "send_frame" if self._fields == 1 else "send_field"
        bwdif = graph.add("bwdif", f"mode={mode}:parity={field}:deint=all")
        graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
        return graph

    def _wait(self, frame: HostFrame | None) -> None:
        self._waiting.extend((frame, field) for field in range(self._fields))

    def _push(self, frame: HostFrame) -> None:
        planes = frame.planes
        if self._is_padded:
            planes = (planes[0], np.zeros_like(planes[0]), np.zeros_like(planes[0]))
        picture = video_frame_of(planes, pix_fmt_of(self._layout))
        picture.pts = frame.pts
        self._graph.vpush(picture)

    def _pull(self) -> Iterator[Filtered]:
        while self._waiting:
            try:
                picture = self._graph.vpull()
            except (av.BlockingIOError, EOFError):
                return
            original, field = self._waiting.popleft()
            if original is not None:
                yield original, self._delivered(picture, original), field

    def _delivered(self, picture: VideoFrame, original: HostFrame) -> HostFrame:
        samples = PLANES[: len(original.planes)]
        planes = planes_in(picture, Reading(layout=original.layout, samples=samples))
        return original.with_pixels(planes)
