"""The chapters of the part of a source that was upscaled."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from vsr.media.clock.timing import rounded
from vsr.media.splices.cut import Cut

if TYPE_CHECKING:  # a type that only exists in the stub
    from av.container.core import Chapter


def chapters_within(chapters: Iterable[Chapter], cut: Cut) -> list[Chapter]:
    """Return the chapters that overlap the part, cut to it, on the output's clock."""
    kept = []
    for chapter in chapters:
        base = chapter["time_base"] or Fraction(1)
        zero, begins, ends = rounded(cut.zero / base), chapter["start"], chapter["end"]
        if cut.start is not None:
            first = rounded(cut.start / base)
            if ends <= first and begins < first:
                continue
            begins = max(begins, first)
        if cut.end is not None:
            last = rounded(cut.end / base)
            if begins >= last:
                continue
            ends = min(ends, last)
        kept.append(chapter | {"start": begins - zero, "end": ends - zero})
    return kept
