"""Which frames of a film a page shows, and which two seconds of it, as one video of every variant.

A textured, a dark and a moving one tell most; in one video, variants cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, sqrt
from typing import Literal

import numpy as np

from vsr.jobs.estimate.moments import (
    ALIGNED,
    LOOP_SECONDS,
    Crop,
    Moment,
    clock,
    moment_around,
    pts_at,
    seconds_at,
)
from vsr.jobs.preview.pictures import Window, busiest
from vsr.jobs.progress import Note
from vsr.jobs.upscale.job import Job, frames_expected
from vsr.media.clips.h264 import page_video
from vsr.media.clock import USUAL_FRAME_RATE, rounded, ticks, ticks_per_frame
from vsr.media.images.pictures import Picture
from vsr.media.reading.glimpses import Glimpse, glimpses
from vsr.media.source.info import MediaInfo
from vsr.media.splices.part import empty_part
from vsr.values import PtsSpan, Size, TimeRange

LOOP_PIXELS = 1_600_000
"""Source pixels in all frames of the loop together: about twelve frames of 480×270. A moving part
of the frame tells as much as all of it, in a fraction of the time and of the page's bytes."""

ASPECT = 16 / 9
"""The aspect ratio of the part in the loop: two of them fit side by side on a screen."""

SMALLEST = Size(64, 36)
"""The smallest part to show in the loop; a video that is smaller is shown whole."""


def choices_of(
    info: MediaInfo, time: TimeRange, at: Sequence[float], count: int, note: Note
) -> tuple[ChosenFrame, ...]:
    """Return the frames to show: those at the given times, and telling ones up to ``count``.

    Args:
        time: the part of the film that is wanted.
        at: in seconds from the first frame.
        note: called with what takes a while.

    Raises:
        InvalidOption: a time beyond the end, or a part without frames.
        DecodingFailed: the film cannot be read.
    """
    named = list(dict.fromkeys(pts_at(info, seconds) for seconds in at))
    chosen = [ChosenFrame(pts, "yours") for pts in named]
    missing = count - len(chosen)
    if missing > 0:
        _check_start(info, time)
        note("looking for telling frames …")
        span = span_in_header(info, time)
        found = glimpses(info, span, frames_expected(info, time))
        if not found and not chosen:
            raise empty_part(info, time)
        if found:
            chosen += telling_frames(found, missing, named)
    return tuple(sorted(chosen, key=lambda choice: choice.pts))


def _check_start(info: MediaInfo, time: TimeRange) -> None:
    if time.start_seconds >= (info.video.duration_seconds or info.duration_seconds or inf):
        raise empty_part(info, time)


def span_in_header(info: MediaInfo, time: TimeRange) -> PtsSpan:
    """Return the span that a time range means, without reading the packets.

    `vsr.media.resume.segments.span_of` counts frames exactly; here their rate is taken for it.
    """
    if time.is_whole:
        return PtsSpan()
    video = info.video
    first, base = video.start_pts or 0, video.time_base
    start = first + ticks(Fraction(str(time.start_seconds)), base)
    end = None if time.end_seconds == inf else first + ticks(Fraction(str(time.end_seconds)), base)
    if time.max_frames is not None:
        after = start + rounded(time.max_frames * ticks_per_frame(video.frame_rate, base))
        end = after if end is None else min(end, after)
    return PtsSpan(start, end)


def loop_moment(
    job: Job, choices: Sequence[ChosenFrame], moments: Sequence[Moment]
) -> Moment | None:
    """Return the two seconds to play: around the moving frame, its busiest part; None for a still.

    Args:
        job: the setting whose steps look furthest around.
        moments: of the choices; their frames show where most happens.
    """
    if not choices:
        return None
    index = moving_of(choices)
    crop = busiest_crop(job.source, moments[index])
    within = span_in_header(job.source, job.spec.time)
    moment = moment_around(job.source, choices[index].pts, within, crop, context=job.context)
    return moment if len(moment.frames) > 1 else None


def moving_of(choices: Sequence[ChosenFrame]) -> int:
    """Return which of the frames the loop is around: the moving one, else one in the middle."""
    return next((i for i, one in enumerate(choices) if one.why == "moving"), len(choices) // 2)


def loop_label(moment: Moment, info: MediaInfo) -> str:
    """Return in words what a loop shows."""
    size, whole = moment.frames[0].size, info.video.size
    what = "whole frames" if size == whole else f"a part of the frame ({size} of {whole})"
    first, last = (seconds_at(info, moment.frames[index].pts) for index in (0, -1))
    return f"{last - first:.1f} s from {clock(first)}, {what}, at its own pixels"


def busiest_crop(info: MediaInfo, moment: Moment) -> Crop:
    """Return the busiest part of a moment, such that a loop of it has about `LOOP_PIXELS`."""
    whole = info.video.size
    rate = float(info.video.frame_rate or USUAL_FRAME_RATE)
    pixels = min(whole.pixels, LOOP_PIXELS / (LOOP_SECONDS * rate))
    height = _side(whole.height, sqrt(pixels / ASPECT), SMALLEST.height)
    width = _side(whole.width, pixels / height, SMALLEST.width)
    height = _side(whole.height, pixels / width, SMALLEST.height)  # a narrow frame is seen higher
    lumas = [frame.planes[0] for frame in moment.frames]
    return crop_of(whole, busiest(lumas, width / whole.width, height / whole.height))


def crop_of(whole: Size, window: Window) -> Crop:
    """Return a part of a stored frame, aligned."""
    width = _aligned(window.width * whole.width, whole.width)
    height = _aligned(window.height * whole.height, whole.height)
    left, top = round(window.left * whole.width), round(window.top * whole.height)
    return Crop(
        min(left - left % ALIGNED, whole.width - width),
        min(top - top % ALIGNED, whole.height - height),
        Size(width, height),
    )


def _aligned(side: float, whole: int) -> int:
    return whole if round(side) >= whole else max(ALIGNED, round(side) // ALIGNED * ALIGNED)


def _side(whole: int, wanted: float, smallest: int) -> int:
    """Return a side of the crop: aligned, and the whole one if that is little more."""
    wanted = max(smallest, wanted)
    return whole if wanted > 0.9 * whole else int(wanted) // ALIGNED * ALIGNED


Why = Literal["textured", "dark", "moving", "bright", "another", "yours"]

LEAST_CONTRAST = 0.03
"""A frame with less contrast is as good as empty: black, a fade, a title card."""

CUT = 0.12
"""Where more than this changes from one frame to the next, a cut is more likely than motion."""

APART = 1 / 8
"""How far from each other the frames should be, as a share of the film; closer if need be."""


@dataclass(frozen=True, slots=True)
class ChosenFrame:
    """A frame by its time in ticks of the source, and why it was chosen."""

    pts: int
    why: Why


CRITERIA: tuple[tuple[Why, Callable[[Glimpse], float]], ...] = (
    ("textured", lambda one: one.texture),
    ("dark", lambda one: -one.brightness),
    ("moving", lambda one: one.motion if one.motion < CUT else 0.0),
    ("bright", lambda one: one.brightness),
)
"""What is looked for, in the order of importance; the largest value is chosen."""


def telling_frames(
    found: Sequence[Glimpse], count: int, taken: Sequence[int] = ()
) -> tuple[ChosenFrame, ...]:
    """Choose up to ``count`` frames, in the order of their times.

    Args:
        found: in the order of their times; at least one.
        taken: times of frames that are shown anyway.
    """
    inner = found[1:] if len(found) > count + 1 else found  # the first is a key frame
    candidates = [one for one in inner if one.contrast >= LEAST_CONTRAST] or list(inner)
    apart = (found[-1].pts - found[0].pts) * APART
    chosen: list[ChosenFrame] = []

    def choose(why: Why, value: Callable[[Glimpse], float]) -> None:
        used = [*taken, *(choice.pts for choice in chosen)]
        free = [one for one in candidates if one.pts not in used]
        distant = [one for one in free if all(abs(one.pts - pts) >= apart for pts in used)]
        best = max(distant or free, key=value, default=None)
        if best is not None:
            chosen.append(ChosenFrame(best.pts, why))

    for why, value in CRITERIA[:count]:
        choose(why, value)
    while len(chosen) < count:
        before = len(chosen)
        used = [*taken, *(choice.pts for choice in chosen)]
        choose("another", lambda one: min(abs(one.pts - pts) for pts in used))  # noqa: B023 # called at once
        if len(chosen) == before:
            break
    return tuple(sorted(chosen, key=lambda choice: choice.pts))


MACROBLOCK = 16
"""Tiles begin at multiples of its side, and are padded with their edges."""

QUALITIES = (15, 20, 25, 30, 36)
"""CRF values of x264 for the loop, best first; the first that fits the page is taken."""

PictureAt = Callable[[int], Picture]
"""The picture of a frame's number: made when it is needed, as all of them would fill memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What a loop shows: so many frames at so many a second, and what that is in words."""

    frames: int
    fps: Fraction
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A video of all variants.

    Attributes:
        video: an MP4.
        size: of one tile.
        tiles: (left, top) of each variant.
    """

    video: bytes
    motion: Motion
    size: Size
    tiles: tuple[tuple[int, int], ...]


def frames_a_second(times: Sequence[float]) -> Fraction:
    """Return the mean rate of frames shown at these seconds, at least two."""
    seconds = times[-1] - times[0]
    return Fraction((len(times) - 1) / seconds if seconds > 0 else 25).limit_denominator(1001)


def loop_of(variants: Sequence[PictureAt], motion: Motion, budget: int) -> Loop:
    """Return the loop at the best quality that fits ``budget`` bytes.

    Args:
        variants: each gives pictures of the same size.

    Raises:
        EncodingFailed: it cannot be encoded.
    """
    rows, columns = variants[0](0).shape[:2]
    tall, wide = (-(-side // MACROBLOCK) * MACROBLOCK for side in (rows, columns))
    across = 1 if len(variants) <= 2 else 2
    tiles = tuple((wide * (i % across), tall * (i // across)) for i in range(len(variants)))
    whole = Size(wide * across, tall * -(-len(variants) // across))

    def atlas() -> Iterator[Picture]:
        for index in range(motion.frames):
            canvas = np.zeros((whole.height, whole.width, 3), np.uint8)
            for (left, top), picture_at in zip(tiles, variants):
                margin = ((0, tall - rows), (0, wide - columns), (0, 0))
                tile = np.pad(picture_at(index), margin, mode="edge")
                canvas[top : top + tall, left : left + wide] = tile
            yield canvas

    video = b""
    for crf in QUALITIES:
        video = page_video(atlas(), whole, motion.fps, crf)
        if len(video) <= budget:
            break
    return Loop(video=video, motion=motion, size=Size(columns, rows), tiles=tiles)
