"""Where one film begins in another, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from vsr.errors import InvalidOption
from vsr.jobs.estimate.moments import clock
from vsr.media.provenance import start_in
from vsr.media.source.info import MediaInfo
from vsr.values import TimeRange

AS_LONG_SECONDS = 1.0
"""Lengths that differ by less are those of one film: sound and rounding end a little apart."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the second film begins in the first one.

    Attributes:
        is_told: the second one's own tag says it, not the user.
    """

    seconds: float = 0.0
    is_told: bool = False


def beginning_of(infos: Sequence[MediaInfo], typed: float | None) -> Beginning:
    """Return what the user says, else what the tags of vsr's outputs do.

    A tag of a part of another film is not believed: it would not fit into this one.

    Args:
        typed: in seconds; None if nothing was.
    """
    if typed is not None:
        return Beginning(typed)
    earlier, later = (start_in(info.video.made_by) for info in infos)
    seconds, (first, second) = later - earlier, _lengths(infos)
    rest = min(AS_LONG_SECONDS, seconds / 2)
    fits = first is None or seconds + (second or 0) < first + rest
    return Beginning(seconds, is_told=True) if seconds > 0 and fits else Beginning()


def common_time(infos: Sequence[MediaInfo], beginning: Beginning, at: Sequence[float]) -> TimeRange:
    """Return the time of the first film in which both last, as far as their headers say it.

    Raises:
        InvalidOption: the first one is over by then, or a frame is asked for from before.
    """
    start, (first, second) = beginning.seconds, _lengths(infos)
    if first is not None and start >= first:
        raise InvalidOption(
            f"{infos[0].path}: --start {clock(start)} is beyond its end, {clock(first)}. "
            "Choose an earlier time."
        )
    if at and min(at) < start:
        raise InvalidOption(
            f"--at {clock(min(at))} is before --start {clock(start)}. Choose a later time."
        )
    ends = [one for one in (first, second and start + second) if one]
    return TimeRange(start_seconds=start, end_seconds=min(ends, default=inf))


def _lengths(infos: Sequence[MediaInfo]) -> list[float | None]:
    return [info.video.duration_seconds or info.duration_seconds for info in infos]


def beginning_note(infos: Sequence[MediaInfo], name: str, beginning: Beginning) -> str | None:
    """Return what to say where the second film may be an excerpt of the first; None if not."""
    first, second = _lengths(infos)
    if beginning.is_told:
        told = clock(beginning.seconds)
        return f"{name} says that it begins at {told}; --start 0 compares from its beginning."
    if beginning.seconds or first is None or second is None or first - second < AS_LONG_SECONDS:
        return None
    return (
        f"{name} is shorter, and both are compared from their beginning. "
        "If it begins later in the other one, give that time by --start."
    )


def matching(names: Sequence[str], beginning: Beginning) -> str:
    """Return in words which frames are shown side by side."""
    if not beginning.seconds:
        return "Frames are matched by their times from the first frame of each file."
    begins = clock(beginning.seconds)
    return f"{names[1]} begins at {begins} of {names[0]}; frames are matched by time."
