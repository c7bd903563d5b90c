"""Which part of the source an output holds, and where on the source's clock it starts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from av.container import InputContainer

from vsr.media.clock.clock import STATION_CLOCKS
from vsr.media.clock.timing import rounded

MICROSECOND = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of the source that is upscaled, in seconds of its own clock.

    Attributes:
        start: None if open.
        end: None if open.
        zero: what is subtracted from the times of every stream; a part starts at 0.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    zero: Fraction = Fraction(0)

    @classmethod
    def part(cls, start: Fraction, end: Fraction | None, zero: Fraction) -> Self:
        """Return the cut for a part whose first frame is shown at ``start``.

        Args:
            zero: ``start`` without the holes that are closed before it (`clock_holes`).
        """
        return cls(start, end, zero)

    @classmethod
    def whole(
        cls, source: InputContainer, target: str, first_pts: int, time_base: Fraction
    ) -> Self:
        """Return the cut for all of a source.

        Args:
            target: FFmpeg's name of the muxer.
            first_pts: of the first frame, in ticks of ``time_base``.
            time_base: of the video; the clock is shifted by whole ticks, so that times stay exact.
        """
        keeps_clock = source.format.name not in STATION_CLOCKS or target in STATION_CLOCKS
        if keeps_clock or source.start_time is None:
            return cls()
        start = rounded(source.start_time * MICROSECOND / time_base)
        return cls(zero=min(start, first_pts) * time_base)
