"""Frames of a film around one time, read exactly as an upscale would read them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from vsr.errors import DecodingFailed, InvalidOption
from vsr.frames import HostFrame, Plane
from vsr.jobs.estimate.figures import NOTHING, Stopwatch, Took, typical
from vsr.media.clock import rounded, ticks, ticks_per_frame
from vsr.media.reading.reader import Reader
from vsr.media.source.hardware import SOFTWARE, Decoding
from vsr.media.source.info import MediaInfo
from vsr.values import PtsSpan, Size

LEAD = 1
"""Frames encoded before the one that is shown: alone it would be a key frame, which shows less of
the encoder than the frames between do."""

LOOKS_BACK_SECONDS = (2.0, 30.0)
"""How far before a time the frame shown at it is looked for; then from the film's beginning."""


LOOP_SECONDS = 2.0
NEAR = Fraction(3, 2)
"""How many frames away the nearest frame of another file may be."""

MOST_FRAMES = 150
"""The most frames of a loop: two seconds at 60 frames a second, and some more."""

ALIGNED = 4
"""Crops begin and end at multiples of it: whole chroma samples, and whole pairs of field lines."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a stored frame: its first column and row, and its size, in luma samples."""

    left: int
    top: int
    size: Size

    def of(self, frame: HostFrame) -> HostFrame:
        """Return this part of a frame, in memory of its own."""
        shifts = [(0, 0)] + [(frame.layout.y_shift, frame.layout.x_shift)] * 2
        shapes = frame.layout.plane_shapes(self.size)
        planes: list[Plane] = []
        for plane, (down, right), (rows, columns) in zip(frame.planes, shifts, shapes):
            top, left = self.top >> down, self.left >> right
            planes.append(plane[top : top + rows, left : left + columns].copy())
        return replace(frame, planes=tuple(planes))


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """Frames in a row, of which those in the span are wanted; the others are context.

    Attributes:
        pts: of the frame that is shown.
        read: what a frame took to decode.
    """

    frames: tuple[HostFrame, ...]
    span: PtsSpan
    pts: int
    read: Took = NOTHING


def seconds_at(info: MediaInfo, pts: int) -> float:
    """Return a time of the source in seconds from its first frame."""
    return float((pts - (info.video.start_pts or 0)) * info.video.time_base)


def clock(seconds: float) -> str:
    """Return a time as people write it: ``1:23.45``, ``1:02:03.00``.

    Rounded up, so that the frame of this time is the one that is shown at it.
    """
    hundredths = ceil(seconds * 100 - 1e-6)
    whole, hundredth = divmod(hundredths, 100)
    hours, rest = divmod(whole, 3600)
    minutes = f"{rest // 60:02}" if hours else f"{rest // 60}"
    return (f"{hours}:" if hours else "") + f"{minutes}:{rest % 60:02}.{hundredth:02}"


def pts_at(info: MediaInfo, seconds: float, option: str = "--at") -> int:
    """Return the pts of the frame that is shown at a time, in seconds from the first frame.

    Args:
        option: which gave the time; empty if the program chose it.

    Raises:
        InvalidOption: the time is beyond the end.
        DecodingFailed: the film cannot be read there.
    """
    video = info.video
    first, base = video.start_pts or 0, video.time_base
    wanted = first + ticks(Fraction(str(seconds)), base)
    known = video.duration_seconds or info.duration_seconds
    last: int | None = None
    if known is None or seconds < known + 1:
        for back in (*LOOKS_BACK_SECONDS, None):
            start = None if back is None else max(first, wanted - ticks(back, base))
            last, is_followed = _last_until(info, start, wanted)
            if last is None:
                continue
            step = ticks_per_frame(video.frame_rate, base)
            if is_followed or wanted < last + max(1, rounded(step)):
                return last
            break
    end = f"its last frame, at {clock(seconds_at(info, last))}" if last is not None else "its end"
    if last is None and known is not None:
        end = f"its end, {clock(known)}"
    if not option:
        raise InvalidOption(f"{info.path}: nothing at {clock(seconds)}, beyond {end}. Give --at.")
    raise InvalidOption(
        f"{info.path}: {option} {clock(seconds)} is beyond {end}. Choose an earlier time."
    )


def _last_until(info: MediaInfo, start: int | None, wanted: int) -> tuple[int | None, bool]:
    """Return the last pts up to ``wanted``, and whether a frame follows it."""
    last: int | None = None
    with Reader.open(info.path, info, PtsSpan(start, None)) as reader:
        for frame in reader.frames():
            if frame.pts > wanted:
                return last, True
            last = frame.pts
    return last, False


def moment_at(
    info: MediaInfo, pts: int, *, context: int = 0, decoding: Decoding = SOFTWARE
) -> Moment:
    """Read the frame at a pts, and up to `LEAD` before it.

    Args:
        context: frames beyond either end that the steps look at.

    Raises:
        DecodingFailed: there is none.
    """
    step = ticks_per_frame(info.video.frame_rate, info.video.time_base)
    first = info.video.start_pts or 0
    start = max(first, pts - rounded((LEAD + Fraction(1, 2)) * step))
    span = PtsSpan(None if start <= first else start, pts + 1)
    found = _read(info, span, pts, context=context, decoding=decoding)
    if not found.frames:
        time = clock(seconds_at(info, pts))
        raise DecodingFailed(f"{info.path}: the frame at {time} cannot be read again. Give --at.")
    return found


def moment_around(
    info: MediaInfo, pts: int, within: PtsSpan, crop: Crop, *, context: int = 0
) -> Moment:
    """Read `LOOP_SECONDS` of a part of the picture around a pts; fewer at the film's ends.

    Args:
        within: what must not be left.
    """
    base = info.video.time_base
    length = ticks(LOOP_SECONDS, base)
    first = info.video.start_pts or 0
    least = first if within.start is None else within.start
    most = within.end
    known = info.video.duration_seconds or info.duration_seconds
    if known is not None:
        end = first + ticks(known, base)
        most = end if most is None else min(most, end)
    start = pts - length // 2
    if most is not None:
        start = min(start, most - length)
    start = max(start, least)
    span = PtsSpan(start, start + length if most is None else min(start + length, most))
    return _read(info, span, pts, context=context, crop=crop)


def moment_near(info: MediaInfo, seconds: float, option: str = "--at") -> Moment:
    """Read the frame whose time is nearest to ``seconds`` from the first frame, and context.

    Args:
        option: which gave the time; empty if the program chose it.

    Raises:
        InvalidOption: the film is over by then.
    """
    video = info.video
    first, base = video.start_pts or 0, video.time_base
    wanted = first + rounded(Fraction(str(seconds)) / base)
    reach = rounded(NEAR * ticks_per_frame(video.frame_rate, base))
    found = _read(info, PtsSpan(wanted - reach, wanted + reach + 1), wanted, context=1)
    times = [frame.pts for frame in wanted_frames(found)] or [pts_at(info, seconds, option)]
    return moment_at(info, min(times, key=lambda pts: abs(pts - wanted)), context=1)


def moment_between(info: MediaInfo, start: float, end: float, crop: Crop) -> Moment:
    """Read a part of the picture from ``start`` to ``end`` seconds, and a frame on either side."""
    video = info.video
    first, base = video.start_pts or 0, video.time_base
    reach = ticks_per_frame(video.frame_rate, base)
    begin = first + rounded(Fraction(str(start)) / base - reach)
    stop = first + rounded(Fraction(str(end)) / base + reach) + 1
    return _read(info, PtsSpan(begin, stop), begin, context=1, crop=crop)


def _read(
    info: MediaInfo,
    span: PtsSpan,
    pts: int,
    *,
    context: int,
    decoding: Decoding = SOFTWARE,
    crop: Crop | None = None,
) -> Moment:
    frames, took = _frames_in(info, span, context, decoding, crop)
    if not any(frame.pts in span for frame in frames) and span.start is not None:
        # Where recordings were put end to end, no seek finds what comes after the first.
        frames, took = _frames_in(info, span, context, decoding, crop, from_start=True)
    return Moment(tuple(frames), span, pts, took)


def _frames_in(
    info: MediaInfo,
    span: PtsSpan,
    context: int,
    decoding: Decoding,
    crop: Crop | None,
    *,
    from_start: bool = False,
) -> tuple[Sequence[HostFrame], Took]:
    """Return the frames of a span with their context, and what one took."""
    frames: list[HostFrame] = []
    before: deque[HostFrame] = deque(maxlen=context)
    watch, laps = Stopwatch(), []
    sought = PtsSpan(None, span.end) if from_start else span
    with Reader.open(info.path, info, sought, context=context, decoding=decoding) as reader:
        for frame in reader.frames():
            is_before = span.start is not None and frame.pts < span.start
            cut = frame if crop is None else crop.of(frame)
            marked = cut.as_context(is_context=frame.pts not in span)  # also if read from the start
            (before if is_before else frames).append(marked)
            laps.append(watch.lap())
            if len(frames) == MOST_FRAMES:
                break
    return [*before, *frames], typical(laps) if laps else NOTHING


def wanted_frames(moment: Moment) -> Iterator[HostFrame]:
    """Yield the frames of a moment without its context."""
    return (frame for frame in moment.frames if frame.pts in moment.span)
