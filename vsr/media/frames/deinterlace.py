"""Deinterlacing at the same frame rate: one progressive frame for each interlaced one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame

from vsr.frames import HostFrame
from vsr.media.frames.formats import PLANES, Reading, pix_fmt_of
from vsr.media.frames.planes import planes_in, video_frame_of
from vsr.specs import PtsSpan

EVERYTHING = PtsSpan()

FEWEST_ROWS = 8
"""bwdif needs four rows in a plane, and chroma may have half as many as luma."""


def deinterlace(frames: Iterable[HostFrame], span: PtsSpan = EVERYTHING) -> Iterator[HostFrame]:
    """Replace each interlaced frame by a progressive one of the same time (bwdif).

    Progressive frames pass unchanged. The filter looks at one frame on either side: for a part of a
    clip, feed one more on either side (`vsr.media.reading.reader.Reader.open`, ``context=1``) and
    give the span; then the result equals that of the whole clip.

    Args:
        frames: in presentation order, all of one size and layout.
        span: frames outside of it are only looked at.
    """
    first, frames = _peeked(frames)
    if first is None or first.size.height < FEWEST_ROWS:
        yield from (frame for frame in frames if frame.pts in span)
        return
    for original, progressive in _paired(frames):
        if original.pts in span:
            yield progressive


def _peeked(frames: Iterable[HostFrame]) -> tuple[HostFrame | None, Iterator[HostFrame]]:
    iterator = iter(frames)
    first = next(iterator, None)
    return first, iterator if first is None else chain([first], iterator)


def _paired(frames: Iterable[HostFrame]) -> Iterator[tuple[HostFrame, HostFrame]]:
    """Yield each frame with its deinterlaced form.

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
            yield frame, frame
        else:
            if current is None:
                current = _Bwdif(frame)
                if previous is not None:
                    current.look_at(previous)
            yield from current.push(frame)
        previous = frame
    if current is not None:
        yield from current.finish()


class _Bwdif:
    """FFmpeg's bwdif for one field order. It returns a frame once it has seen the next one."""

    def __init__(self, frame: HostFrame) -> None:
        self._is_top_first = frame.is_top_field_first
        # bwdif takes gray of 8 bits only; deeper gray is passed as luma with empty chroma.
        self._is_padded = frame.layout.is_gray and frame.layout.bits > 8
        self._layout = replace(frame.layout, is_gray=False) if self._is_padded else frame.layout
        self._waiting: deque[HostFrame | None] = deque()
        self._graph = self._build(frame)

    def suits(self, frame: HostFrame) -> bool:
        """Return whether this filter suits a frame."""
        return frame.is_interlaced and frame.is_top_field_first == self._is_top_first

    def look_at(self, frame: HostFrame) -> None:
        """Feed a frame whose result is not wanted."""
        self._waiting.append(None)
        self._push(frame)

    def push(self, frame: HostFrame) -> Iterator[tuple[HostFrame, HostFrame]]:
        """Take the next frame; yield those that are done."""
        self._waiting.append(frame)
        self._push(frame)
        yield from self._pull()

    def finish(self) -> Iterator[tuple[HostFrame, HostFrame]]:
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
        bwdif = graph.add("bwdif", f"mode=send_frame:parity={field}:deint=all")
        graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
        return graph

    def _push(self, frame: HostFrame) -> None:
        planes = frame.planes
        if self._is_padded:
            planes = (planes[0], np.zeros_like(planes[0]), np.zeros_like(planes[0]))
        picture = video_frame_of(planes, pix_fmt_of(self._layout))
        picture.pts = frame.pts
        self._graph.vpush(picture)

    def _pull(self) -> Iterator[tuple[HostFrame, HostFrame]]:
        while self._waiting:
            try:
                picture = self._graph.vpull()
            except (av.BlockingIOError, EOFError):
                return
            original = self._waiting.popleft()
            if original is not None:
                yield original, self._delivered(picture, original)

    def _delivered(self, picture: VideoFrame, original: HostFrame) -> HostFrame:
        samples = PLANES[: len(original.planes)]
        planes = planes_in(picture, Reading(layout=original.layout, samples=samples))
        return original.with_pixels(planes)
