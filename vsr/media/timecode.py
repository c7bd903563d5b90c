"""Timecode: the label of a film's first frame, hours to frames, by which editors find it again.

Source: SMPTE ST 12-1 for drop-frame counting, 30 frames a second and its multiples.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from vsr.media.clock import rounded

TIMECODE = "timecode"
"""The name of the tag that holds the timecode of a stream or a file; Matroska writes it in
capitals."""

WRITTEN = re.compile(r"(\d\d):([0-5]\d):([0-5]\d)[:;.,](\d\d+)")

MARK = 8
"""The position in a label of the mark that says whether it is drop-frame."""

DROP_RATE = 30
DROPPED = 2
"""Labels that are skipped each minute but the tenth, for every 30 frames a second."""


def timecode_in(tags: Mapping[str, str]) -> str | None:
    """Return the timecode among tags; None if there is none."""
    return next((value for key, value in tags.items() if key.lower() == TIMECODE), None)


def relabelled(
    text: str, rate: Fraction | None, skipped: Fraction, ratio: Fraction = Fraction(1)
) -> str | None:
    """Return the timecode of a later frame, or of one at another rate.

    Args:
        text: of the first frame: ``01:00:00:00``, or drop-frame, ``01:00:00;00``.
        rate: frames per second that it counts.
        skipped: seconds from that frame to the one that is labelled.
        ratio: frames of the new rate for each of the old one.

    Returns:
        None where there is no such label.
    """
    if not skipped and ratio == 1:
        return text
    count = _counted(text, rate)
    if count is None or rate is None or _counted(text, rate * ratio) is None:
        return None
    new = rounded((count + skipped * rate) * ratio)
    return _label(new, rounded(rate * ratio), text[MARK])


def is_countable(text: str, rate: Fraction | None) -> bool:
    """Return whether a text labels a frame at this rate."""
    return _counted(text, rate) is not None


def _counted(text: str, rate: Fraction | None) -> int | None:
    """Return the number of the frame with a label, from midnight on."""
    match, whole = WRITTEN.fullmatch(text), rounded(rate or Fraction(0))
    if match is None or whole < 1:
        return None
    hours, minutes, seconds, frames = map(int, match.groups())
    count = ((hours * 60 + minutes) * 60 + seconds) * whole + frames
    if not _is_drop(text):
        return count
    return None if whole % DROP_RATE else count - _dropped(hours * 60 + minutes, whole)


def _is_drop(text: str) -> bool:
    return text[MARK] != ":"


def _label(count: int, rate: int, mark: str) -> str:
    """Return the label of the frame with a number, from midnight on."""
    if mark != ":":
        ten_minutes = 600 * rate - _dropped(10, rate)
        tens, rest = divmod(count, ten_minutes)
        minutes = max(0, (rest - _dropped(1, rate)) // (60 * rate - _dropped(1, rate)))
        count += _dropped(tens * 10 + minutes, rate)
    seconds, frames = divmod(count, rate)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}"


def _dropped(minutes: int, rate: int) -> int:
    """Return how many labels are skipped in so many minutes."""
    return DROPPED * (rate // DROP_RATE) * (minutes - minutes // 10)
