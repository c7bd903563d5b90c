"""How long the last frame of an output is shown: nothing comes after it that would say."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from math import isinf

import av

from vsr.media.clock.clock import STATION_CLOCKS
from vsr.media.clock.timing import Timing, rounded, ticks, ticks_per_frame
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input
from vsr.specs import TimeRange


def last_duration_of(info: MediaInfo, pts: int, time: TimeRange = TimeRange()) -> int:
    """Return how long the frame at ``pts``, the last one, is shown, in ticks; at least 1.

    It is what the source says, as a slide may stand for minutes, else one frame at the frame rate.
    The end of a part cuts it short.

    Args:
        time: the part of the source that is upscaled.
    """
    video = info.video
    step = rounded(ticks_per_frame(video.frame_rate, video.time_base))
    said = _said(info, pts) or 0
    duration = said if 2 * said >= step else step  # some files give every frame one tick
    if not isinf(time.end_seconds) and video.start_pts is not None:
        end = video.start_pts + ticks(Fraction(str(time.end_seconds)), video.time_base)
        duration = min(duration, end - pts)
    return max(1, duration)


def _said(info: MediaInfo, pts: int) -> int | None:
    """Return the duration of the packet with a time; None if there is none, or it has none.

    MPEG-TS and MPEG-PS do not store any; what FFmpeg reports is the frame rate's.
    """
    if info.video.timing is not Timing.GIVEN or info.format_name in STATION_CLOCKS:
        return None
    with suppress(av.FFmpegError, OSError, OverflowError), open_input(info.path) as container:
        stream = container.streams[info.video.index]
        with suppress(av.FFmpegError):  # a format that cannot seek is read from its beginning
            container.seek(pts, stream=stream)
        for packet in container.demux(stream):
            if packet.pts == pts:
                return packet.duration
    return None
