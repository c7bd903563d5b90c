"""What a joined file should be, according to its times."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vsr.media.streams.other_streams import Lost
from vsr.media.writing.scan import Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What was written, for `verify` and the report; seconds are on the output's clock.

    Attributes:
        start_seconds: when the first frame begins.
        last_seconds: when the last one begins.
        end_seconds: when it ends.
        losses: what the other streams lost to damage, for the report; empty if nothing.
        empty: the source's streams without packets; mp4 then leaves them out.
    """

    frames: int
    start_seconds: float
    last_seconds: float
    end_seconds: float
    losses: tuple[str, ...] = ()
    empty: frozenset[int] = frozenset()

    @classmethod
    def of(cls, times: Times, time_base: Fraction, lost: Lost, empty: frozenset[int]) -> Joined:
        """Return the description of a file with these times."""
        moments = times.pts[0], times.pts[-1], times.end
        start, last, end = (float((pts - times.offset) * time_base) for pts in moments)
        return cls(
            frames=len(times.pts),
            start_seconds=start,
            last_seconds=last,
            end_seconds=end,
            losses=lost.losses,
            empty=empty,
        )
