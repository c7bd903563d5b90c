"""Glimpses of a film: frames from many places of it, reduced to a few numbers each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vsr.errors import VsrError
from vsr.frames import HostFrame
from vsr.media.clock import Timing, ticks
from vsr.media.reading.delivery import Delivery
from vsr.media.reading.reader import Reader
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input
from vsr.values import PtsSpan

SHORT_PIXELS = 200e6
"""A film of up to so many pixels in all is decoded whole, within about two seconds."""

FEWEST = 16
"""Frames that are decoded of any film, however large they are."""

PLACES = 20
"""Places that are sampled in a longer video: a seek and `DECODED` frames each."""

DECODED = 3
"""Frames decoded at a place; the first is a key frame, which shows less of the compression."""

IN_A_ROW, FOLLOWED = 3, 2
"""Frames that `frames_in_places` yields from a place, and how many it passes over before them."""

ROWS = 90
"""Frames are reduced to about so many rows by dropping samples."""

Luma = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """One frame of a film in numbers; amplitudes are of full scale, 0 to 1.

    Attributes:
        brightness: mean of the luma.
        contrast: its standard deviation.
        texture: mean absolute difference of neighbouring samples.
        motion: how much changes otherwise than before, by `_motion`; 0 if that is not known.
    """

    pts: int
    brightness: float
    contrast: float
    texture: float
    motion: float = 0.0


def glimpses(info: MediaInfo, span: PtsSpan, frames: int | None) -> list[Glimpse]:
    """Look into a film, or a part of it, in many places; in the order of their times.

    Args:
        span: the part to look at.
        frames: how many it has, if known.

    Raises:
        DecodingFailed: the film cannot be read.
    """
    is_short = frames is not None and frames <= _affordable(info)
    found: list[Glimpse] = []
    if not is_short and info.video.timing is Timing.GIVEN:
        found = _from_places(info, span)
    if len(found) < PLACES // 4:  # few key frames, or none that a seek finds
        found = _from_start(info, span)
    return found


def _from_start(info: MediaInfo, span: PtsSpan) -> list[Glimpse]:
    with Reader.open(info.path, info, span) as reader:
        return list(_measured(islice(reader.frames(), _affordable(info))))


def _affordable(info: MediaInfo) -> int:
    return max(FEWEST, int(SHORT_PIXELS / info.video.size.pixels))


def _from_places(info: MediaInfo, span: PtsSpan) -> list[Glimpse]:
    video = info.video
    first = video.start_pts or 0
    start = first if span.start is None else span.start
    seconds = video.duration_seconds or info.duration_seconds
    end = span.end
    if seconds is not None:
        last = first + ticks(seconds, video.time_base)
        end = last if end is None else min(end, last)
    if end is None or end <= start:
        return []
    wanted = [start + (end - start) * (2 * place + 1) // (2 * PLACES) for place in range(PLACES)]
    found = {}
    try:
        with open_input(info.path) as container:
            for pts in wanted:
                for glimpse in _at_key_frame(container, info, pts):
                    if glimpse.pts in span:
                        found[glimpse.pts] = glimpse
    except (av.FFmpegError, VsrError, OSError, ValueError):
        return []  # read from its beginning, it may do better
    return [found[pts] for pts in sorted(found)]


def frames_in_places(info: MediaInfo, places: Sequence[float]) -> Iterator[list[HostFrame]]:
    """Yield a few frames in a row from each place of a film; from its start if no seek works.

    They follow a key frame, as far as the film goes on, and are decoded by one thread.

    Args:
        places: in seconds from the first frame.
    """
    seen = set()
    if info.video.timing is Timing.GIVEN:
        first = info.video.start_pts or 0
        try:
            with open_input(info.path) as container:
                for place in places:
                    wanted = first + ticks(place, info.video.time_base)
                    frames = after_key_frame(container, info, wanted, IN_A_ROW + FOLLOWED)
                    row = frames[-IN_A_ROW:]
                    if row and row[0].pts not in seen:
                        seen.add(row[0].pts)
                        yield row
        except (av.FFmpegError, VsrError, OSError, ValueError):
            pass  # what was read is enough, or the film is read from its start
    if not seen:
        with Reader.open(info.path, info, thread_count=1) as reader:
            row = list(islice(reader.frames(), IN_A_ROW + FOLLOWED))[-IN_A_ROW:]
        if row:
            yield row


def _at_key_frame(container: Any, info: MediaInfo, pts: int) -> Iterator[Glimpse]:
    """Yield the last of the first frames of the GOP around a time."""
    yield from list(_measured(after_key_frame(container, info, pts, DECODED)))[-1:]


def after_key_frame(container: Any, info: MediaInfo, pts: int, count: int) -> list[HostFrame]:
    """Return the key frame around a time, and those that follow it.

    Args:
        container: open for reading.
    """
    stream = container.streams[info.video.index]
    stream.codec_context.flush_buffers()
    container.seek(pts, stream=stream)
    delivery = Delivery(info.video)
    decoded = (frame for frame in container.decode(stream) if frame.pts is not None)
    return [delivery.deliver(frame, frame.pts) for frame in islice(decoded, count)]


def _measured(frames: Iterable[HostFrame]) -> Iterator[Glimpse]:
    previous: Luma | None = None
    before: Luma | None = None
    for frame in frames:
        luma = _reduced(frame)
        change = None if previous is None else luma - previous
        motion = 0.0 if change is None or before is None else _motion(before, change)
        previous, before = luma, change
        yield Glimpse(
            pts=frame.pts,
            brightness=float(luma.mean()),
            contrast=float(luma.std()),
            texture=float(_texture(frame)),
            motion=motion,
        )


def _motion(before: Luma, change: Luma) -> float:
    """Return how much the change differs from the one before: in fades and dissolves it does not.

    Half of it, so that one moving edge counts once.
    """
    return float(np.abs(change - before).mean()) / 2


def _reduced(frame: HostFrame) -> Luma:
    step = max(1, frame.size.height // ROWS)
    most = (1 << frame.layout.bits) - 1
    luma: Luma = frame.planes[0][::step, ::step].astype(np.float64) / most
    return luma


def _texture(frame: HostFrame) -> float:
    """Return how much neighbours differ, on every fourth row: detail is lost when reduced."""
    rows = frame.planes[0][::4].astype(np.float64) / ((1 << frame.layout.bits) - 1)
    return float(np.abs(np.diff(rows, axis=1)).mean()) if rows.shape[1] > 1 else 0.0
