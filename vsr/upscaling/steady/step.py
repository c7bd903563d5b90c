"""Frames that leave the network, held steady by those beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
import torch

from vsr.frames import HostFrame
from vsr.upscaling.steady.likeness import Neighbour
from vsr.upscaling.steady.mixing import Detail, Each, Mixer
from vsr.upscaling.steady.motion import Seen

CONTEXT = 1
"""How many frames on either side of a span are looked at."""

MOST_THREADS = 4
"""Threads at most that look for motion and mix, while the network works on later frames."""

Step = Callable[[Iterator[HostFrame]], Iterator[HostFrame]]
Pair = tuple[Neighbour, Neighbour]
"""The later of two frames as the earlier one sees it, and the other way round."""


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """A frame before the network, and how it lies to the one before it."""

    frame: HostFrame
    seen: Seen
    pair: Future[Pair] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A frame of the output and its detail, beside what it was made of."""

    frame: HostFrame
    mixer: Mixer
    detail: Detail
    fine: Detail
    pair: Future[Pair] | None


def steadied(enlarge: Step) -> Step:
    """Return a step that enlarges frames by another and mixes the detail of neighbours.

    Frames that are context (`vsr.frames.Extras`) are only looked at, `CONTEXT` at each end.

    Args:
        enlarge: makes one frame of each, in order.
    """

    def run(frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
        with _threads() as threads:
            sources: deque[_Source] = deque()
            before: Detail | None = None
            own: _Shown | None = None
            each = partial(_in_threads, threads)
            made = enlarge(_noted(_nearest(frames), sources, threads))
            for after in _shown(made, sources, each):
                if own is not None and not own.frame.extras.is_context:
                    yield _mixed(before, own, after, each)
                before, own = None if own is None else own.fine, after

    return run


def _nearest(frames: Iterator[HostFrame]) -> Iterator[HostFrame]:
    """Pass on what is wanted, and `CONTEXT` frames at either end, but read all of them."""
    before: deque[HostFrame] = deque(maxlen=CONTEXT)
    has_begun, beyond = False, 0
    for frame in frames:
        if not frame.extras.is_context:
            yield from before
            before.clear()
            has_begun, beyond = True, 0
            yield frame
        elif not has_begun:
            before.append(frame)
        elif beyond < CONTEXT:
            beyond += 1
            yield frame


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Give threads, and forget what they did not begin."""
    count = min(MOST_THREADS, torch.get_num_threads())  # a worker's share of the cores
    threads = ThreadPoolExecutor(count, "vsr-steady")
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


def _noted(
    frames: Iterator[HostFrame], sources: deque[_Source], threads: ThreadPoolExecutor
) -> Iterator[HostFrame]:
    """Pass frames on, and look for motion since the last one."""
    last: Seen | None = None
    for frame in frames:
        luma = frame.planes[0] >> (frame.layout.bits - 8)
        seen = Seen(luma.astype(np.uint8))
        pair = None if last is None else threads.submit(_pair, last, seen)
        sources.append(_Source(frame, seen, pair))
        yield frame
        last = seen


def _pair(earlier: Seen, later: Seen) -> Pair:
    if earlier.is_same(later):
        same = Neighbour.repeated(earlier)
        return same, same
    return Neighbour.of(earlier, later), Neighbour.of(later, earlier)


def _in_threads(
    threads: ThreadPoolExecutor, work: Callable[[slice], None], parts: Sequence[slice]
) -> None:
    for _ in threads.map(work, parts):
        pass


def _shown(
    made: Iterator[HostFrame], sources: deque[_Source], each: Each
) -> Iterator[_Shown | None]:
    """Yield what was made beside what it was made of, and None after the last."""
    mixer_of = lru_cache(1)(Mixer)  # frames of a film are of one size
    for frame in made:
        source = sources.popleft()
        luma = source.frame.planes[0]
        shapes = luma.shape, frame.planes[0].shape
        mixer = mixer_of(*shapes, frame.layout.bits, source.frame.layout.bits)
        detail = mixer.detail(frame.planes[0], luma, each)
        yield _Shown(frame, mixer, detail, mixer.refined(detail), source.pair)
    yield None


def _mixed(before: Detail | None, own: _Shown, after: _Shown | None, each: Each) -> HostFrame:
    others = []
    if before is not None and own.pair is not None:
        others.append((own.pair.result()[1], before))
    if after is not None and after.pair is not None:
        others.append((after.pair.result()[0], after.fine))
    if not others:
        return own.frame
    luma, *chroma = own.frame.planes
    return replace(own.frame, planes=(own.mixer.mixed(luma, own.detail, others, each), *chroma))
