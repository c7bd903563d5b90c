"""Whether flags repeat the fields of a film (soft telecine): its frames last three and two in turn.

Times of packets tell it; nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import groupby, islice, pairwise
from typing import cast

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vsr.errors import VsrError
from vsr.media.clock import Timing, ticks
from vsr.media.frames.soft_telecine import LONG, SHORT, Repeats
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input
from vsr.values import TimeRange

REPEATED = "telecined by flags: an upscale gives its frames even times, 24p."
"""What is said of such a film."""

RATES = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001))
"""What files say of film that is shown at 59.94 fields a second, with and without repetitions."""

FIELDS_PER_SECOND = Fraction(60000, 1001)

WHOLE, NEAR_RATE = Fraction(1001, 1000), Fraction(1, 200)
"""Some files count 60 fields a second, and round their rate."""

PLACES = 8
"""Places to sample, beside the beginning."""

WINDOW, MOST_BYTES = 32, 32 << 20
"""Packets that are read at a place, and the most that they hold: of lossless or very large frames,
hundreds of packets would take longer to read than there is hope to find film of a disc in them."""

IMAGES = "concat"
"""The format of image sequences, which last equally long."""

FEWEST = 10
"""Frames in a row that last three fields and two in turn: by chance they do not."""

MOST = 0.5
"""The share of frames that do so at a place that is film: cuts disturb the turns, and after a seek
in MPEG-PS some times are guessed."""


def repeats_of(info: MediaInfo, time: TimeRange = TimeRange()) -> Repeats | None:
    """Return how flags repeat the fields of a film, or of a part of it; None if they do not.

    Nothing is said of what cannot be read.
    """
    video, rate = info.video, info.video.frame_rate
    if rate is None or video.timing is not Timing.GIVEN or info.format_name == IMAGES:
        return None
    if not any(abs(rate / one - 1) <= NEAR_RATE for one in RATES):
        return None
    fields = FIELDS_PER_SECOND * (WHOLE if rate.denominator == 1 else 1)
    repeats = Repeats(start=video.start_pts or 0, field=1 / (fields * video.time_base))
    turns = [_turns_in(times, repeats) for times in _windows(info, time)]
    if not any(_longest_run(one) >= FEWEST for one in turns):
        return None
    is_throughout = all(sum(one) >= MOST * len(one) for one in turns)
    return Repeats(start=repeats.start, field=repeats.field, is_throughout=is_throughout)


def _turns_in(times: Sequence[int], repeats: Repeats) -> list[bool]:
    """Return of frames whether they and the one before last three fields and two, or two and three.

    The first and the last of those that were read may lack neighbours, as frames are reordered.
    """
    fields = [repeats.fields(*pair) for pair in pairwise(times)]
    return [{before, after} == {SHORT, LONG} for before, after in pairwise(fields)]


def _longest_run(turns: Sequence[bool]) -> int:
    return max((sum(1 for _ in run) for is_turn, run in groupby(turns) if is_turn), default=0)


def _windows(info: MediaInfo, time: TimeRange) -> Iterator[list[int]]:
    """Yield the times of the frames at each place, ascending."""
    end = min(info.video.duration_seconds or info.duration_seconds or 0.0, time.end_seconds)
    length = max(0.0, end - time.start_seconds)
    first, base, seen = info.video.start_pts or 0, info.video.time_base, set[int]()
    errors = av.FFmpegError, VsrError, OSError, ValueError, OverflowError
    with suppress(*errors), open_input(info.path) as container:
        stream = cast("VideoStream", container.streams[info.video.index])
        for place in range(-1, PLACES):
            if place >= 0 or time.start_seconds:
                share = max(0.0, (2 * place + 1) / (2 * PLACES))
                wanted = ticks(time.start_seconds + share * length, base)
                container.seek(first + wanted, stream=stream)
            times = _times_in(container, stream)
            if len(times) > FEWEST and times[0] not in seen:
                seen.add(times[0])
                yield times


def _times_in(container: InputContainer, stream: VideoStream) -> list[int]:
    times, left = set[int](), MOST_BYTES
    for packet in islice((one for one in container.demux(stream) if one.size), WINDOW):
        left -= packet.size
        if left < 0:
            break
        if packet.pts is not None:
            times.add(packet.pts)
    return sorted(times)
