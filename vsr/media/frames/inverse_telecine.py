"""Inverse telecine: four pictures of a film out of five frames of its 2:3 pulldown.

FFmpeg's fieldmatch decides of which fields each frame is woven again. Of each cycle of five frames
the one that the pulldown repeats is dropped; where that one is none, the one most like its
predecessor, as by FFmpeg's decimate (a test compares the two). decimate itself would not tell which
one that was, counts its cycles from wherever it begins, gives out times of its own, and of several
repetitions drops any. A cycle in which no frame repeats is no film: it is deinterlaced.
fieldmatch's own test for that, combing, takes fine lettering for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import inf
from typing import Any

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from vsr.frames import Extras, HostFrame, Plane
from vsr.media.clock import MOST_STEPS
from vsr.media.frames.deinterlace import deinterlace
from vsr.media.frames.planes import video_frame_of
from vsr.media.frames.telecine import CYCLE, MADE, Cycles, Pulldown
from vsr.values import FINER, PtsSpan

CONTEXT = 2
"""Frames on either side of a part: each is compared with the one before it, and for that one
fieldmatch looks at one more."""

CELL = 16
"""Blocks that are compared have two by two cells of so many pixels, and overlap by one: those of
decimate."""

Luma = NDArray[Any]


def inverse_telecine(
    frames: Iterable[HostFrame],
    span: PtsSpan,
    pulldown: Pulldown,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[HostFrame]:
    """Yield the pictures of a telecined film, evenly spaced, at four fifths of its frame rate.

    Times are in quarters of a tick: the pictures of a cycle share its time exactly. The captions of
    a dropped frame go to its neighbour.

    Args:
        frames: in presentation order, with `CONTEXT` beyond either end of the span.
        span: begins with a cycle; frames outside of it are only looked at.
        say: called at the end, if some cycles were no film.
    """
    previous: _Match | None = None
    cycle: _Cycle | None = None
    cycles, seen, failed = Cycles(pulldown), 0, 0
    for match in _matched(frames, pulldown):
        is_wanted = match.frame.pts in span
        begins = is_wanted and cycles.place(match.frame.pts) == 0
        if cycle is not None and (begins or not is_wanted):
            yield from cycle.pictures(match.frame)
            seen, failed = seen + 1, failed + (not cycle.is_film)
            cycle = None
        if is_wanted:
            cycle = cycle or _Cycle(pulldown, None if previous is None else previous.frame)
            cycle.add(match, previous)
        previous = match
    if cycle is not None:
        yield from cycle.pictures(None)
        seen, failed = seen + 1, failed + (not cycle.is_film)
    if failed:
        say(f"{failed} of {seen} cycles of five frames are not telecined: they were deinterlaced.")


@dataclass(frozen=True, slots=True, eq=False)
class _Match:
    """A frame as it came, and woven of the fields that belong together."""

    frame: HostFrame
    woven: HostFrame


SAME = 2.8 * (2 * CELL) ** 2
"""The most that a repeated frame differs in a block, in 8-bit codes: 1.1 %, as in FFmpeg's
decimate."""

REPEATED = 2
"""Which frame of a cycle repeats: AA BB BC CD DD is woven again to A B B C D."""

LIKELY_SAME = 1 / 3
"""A frame also counts as repeated if it differs by less than this share of what frames usually do:
noise and compression hide repetitions."""


class _Cycle:
    """The frames from one cycle to the next, as they come."""

    def __init__(self, pulldown: Pulldown, before: HostFrame | None) -> None:
        self._pulldown = pulldown
        self._before = before
        self._matches: list[_Match] = []
        self._unlike: list[float] = []

    def add(self, match: _Match, previous: _Match | None) -> None:
        """Take the next frame, and the one before it."""
        self._matches.append(match)
        self._unlike.append(_unlikeness(previous, match))

    @property
    def is_film(self) -> bool:
        """Whether a frame repeats the one before it, as far as that can be told."""
        return len(self._matches) < CYCLE or self._repeats(min(self._unlike))

    def _repeats(self, unlike: float) -> bool:
        """Return whether a frame that differs by so much repeats the one before it."""
        others = sorted(self._unlike)[1:]
        return unlike < max(SAME, LIKELY_SAME * others[len(others) // 2])

    def pictures(self, following: HostFrame | None) -> Iterator[HostFrame]:
        """Yield the pictures with their times.

        Args:
            following: the frame after the cycle, if there is one.
        """
        frames = [match.woven for match in self._matches]
        if not self.is_film:
            frames = self._deinterlaced(following)
        count = len(frames)
        start, last, step = frames[0].pts, frames[-1].pts, self._pulldown.step
        gap = last - frames[-2].pts if count > 1 else step
        end = last + gap
        if following is not None and following.pts - last <= MOST_STEPS * step:
            end = following.pts
        if sum(MADE[:count]) < count:
            self._drop(frames)
        finer = FINER["film"]
        for index, frame in enumerate(frames):
            pts = finer * start + finer * index * (end - start) // len(frames)
            yield replace(frame, pts=pts)

    def _drop(self, frames: list[HostFrame]) -> None:
        """Remove the frame that repeats its predecessor; its captions go to the neighbour.

        If several do, as in drawn film, it is the one that the pulldown made.
        """
        place = self._unlike.index(min(self._unlike))
        if len(frames) == CYCLE and self._repeats(self._unlike[REPEATED]):
            place = REPEATED
        dropped = frames.pop(place)
        heir = max(place - 1, 0)
        frames[heir] = _with_captions(frames[heir], dropped, is_later=place > 0)

    def _deinterlaced(self, following: HostFrame | None) -> list[HostFrame]:
        own = [match.frame for match in self._matches]
        around = [self._before, *own, following]
        order = self._pulldown.is_top_first
        frames = [
            replace(frame, is_interlaced=True, is_top_field_first=order)
            for frame in around
            if frame is not None
        ]
        return list(deinterlace(frames, PtsSpan(own[0].pts, own[-1].pts + 1)))


MOST_CAPTIONS = 31
"""Triplets of captions that a frame can hold (ATSC A/53 part 4, 6.2.3: five bits)."""

VALID = 0x04
"""The bit of a triplet's first byte that says that it holds data."""


def _with_captions(frame: HostFrame, other: HostFrame, *, is_later: bool) -> HostFrame:
    """Return a frame with the captions of another one too, without padding if they are too many."""
    mine, theirs = frame.extras.captions, other.extras.captions
    if theirs is None:
        return frame
    both = (mine or b"") + theirs if is_later else theirs + (mine or b"")
    triplets = [both[place : place + 3] for place in range(0, len(both), 3)]
    if len(triplets) > MOST_CAPTIONS:
        triplets = [one for one in triplets if one[0] & VALID][:MOST_CAPTIONS]
    return replace(frame, extras=Extras(captions=b"".join(triplets)))


def _unlikeness(previous: _Match | None, match: _Match) -> float:
    """Return how much the luma of the most different block differs, in codes of 8 bits.

    It is infinite if there is no frame before.

    Source: FFmpeg's ``vf_decimate.c``, ``calc_diffs``.
    """
    if previous is None:
        return inf
    one, other = (one.woven.planes[0] for one in (previous, match))
    change = np.maximum(one, other) - np.minimum(one, other)
    rows = np.add.reduceat(change, range(0, len(change), CELL), axis=0, dtype=np.uint32)
    cells = np.add.reduceat(rows, range(0, rows.shape[1], CELL), axis=1)
    down = cells[:-1] + cells[1:] if len(cells) > 1 else cells
    blocks = down[:, :-1] + down[:, 1:] if down.shape[1] > 1 else down
    return float(blocks.max()) / (1 << (match.frame.layout.bits - 8))


def _matched(frames: Iterable[HostFrame], pulldown: Pulldown) -> Iterator[_Match]:
    """Yield each frame with what fieldmatch makes of it."""
    graph = _Fieldmatch(pulldown)
    before: HostFrame | None = None
    held: deque[HostFrame] = deque()
    for frame in chain(frames, [None]):
        if frame is not None:
            held.append(frame)
        for luma in graph.push(frame):
            current = held.popleft()
            yield _Match(
                current, _woven(current, before, held[0] if held else None, luma, pulldown)
            )
            before = current


def _woven(
    frame: HostFrame,
    before: HostFrame | None,
    after: HostFrame | None,
    luma: Luma,
    pulldown: Pulldown,
) -> HostFrame:
    """Return the frame that fieldmatch made, in all planes: its own, or with a neighbour's field.

    Args:
        luma: what fieldmatch returned, in 8 bits.
    """
    planes = frame.planes
    for other in (None, before, after):
        lumas = (
            frame.planes[:1] if other is None else _wove(frame.planes[:1], other.planes, pulldown)
        )
        if np.array_equal(_eight_bits(lumas[0], frame), luma):
            planes = frame.planes if other is None else _wove(frame.planes, other.planes, pulldown)
            break
    return frame.with_pixels(planes)


def _wove(own: Sequence[Plane], other: Sequence[Plane], pulldown: Pulldown) -> tuple[Plane, ...]:
    """Return planes of the earlier field of a frame, and of the later one of another."""
    later = 1 if pulldown.is_top_first else 0
    woven = tuple(plane.copy() for plane in own)
    for plane, theirs in zip(woven, other):
        plane[later::2] = theirs[later::2]
    return woven


def _eight_bits(luma: Plane, frame: HostFrame) -> Luma:
    return luma if frame.layout.bits == 8 else (luma >> (frame.layout.bits - 8)).astype(np.uint8)


class _Fieldmatch:
    """FFmpeg's fieldmatch on luma in 8 bits, as it takes no other; chroma goes along."""

    def __init__(self, pulldown: Pulldown) -> None:
        self._order = "tff" if pulldown.is_top_first else "bff"
        self._graph: Graph | None = None

    def push(self, frame: HostFrame | None) -> Iterator[Luma]:
        """Take the next frame, or None at the end; yield the lumas that are done."""
        if frame is not None:
            self._graph = self._graph or self._build(frame)
            luma = _eight_bits(frame.planes[0], frame)
            gray = np.full(tuple(-(-side // 2) for side in luma.shape), 128, np.uint8)
            picture = video_frame_of((luma, gray, gray), "yuv420p")
            picture.pts = frame.pts
            self._graph.vpush(picture)
        elif self._graph is not None:
            self._graph.vpush(None)
        if self._graph is not None:
            yield from self._pulled(self._graph)

    def _build(self, frame: HostFrame) -> Graph:
        graph = Graph()
        size = f"{frame.size.width}x{frame.size.height}"
        source = graph.add("buffer", video_size=size, pix_fmt="yuv420p", time_base="1/1")
        match = graph.add("fieldmatch", f"order={self._order}:mchroma=0")
        graph.link_nodes(source, match, graph.add("buffersink")).configure()
        return graph

    def _pulled(self, graph: Graph) -> Iterator[Luma]:
        while True:
            try:
                picture = graph.vpull()
            except (av.BlockingIOError, EOFError):
                return
            plane = picture.planes[0]
            rows = np.frombuffer(memoryview(plane), np.uint8)
            rows = rows[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)
            yield rows[:, : plane.width]
