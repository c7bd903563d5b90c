"""Decoding times that keep rising where those of a damaged or spliced stream do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from vsr.media.clock import rounded

SPLICE_SECONDS = Fraction(1, 2)
"""Audio times that step back by more restart; by less, they are rounded or repeated. Text that
steps back by more belongs elsewhere."""

UNHEARD_SECONDS = Fraction(45, 1000)
"""The offset between audio and video that viewers do not notice.

Source: ITU-R BT.1359-1, detectability of sound that comes too early.
"""

LEAST_STEP_SECONDS = Fraction(1, 8000)
"""The distance between packets that are pushed forward: less may round to nothing in the output's
time base, and more would add up, as packets of TrueHD last 5/6 ms, so that in Matroska's
milliseconds one in six has the time of the one before."""


@dataclass(slots=True)
class Continuity:
    """How the decoding times of one stream continue across splices.

    Attributes:
        last: the last time, as written.
        highest: the latest time that the source has given.
        shift: what is added to the source's times, if the video does not determine it.
        shifts: what is added to the times of each film (`vsr.media.splices.splices`), if it does.
    """

    last: int | None = None
    highest: int = 0
    shift: int = 0
    shifts: dict[int, int] = field(default_factory=dict)

    def shift_at(self, dts: int, duration: int, splice: int) -> int:
        """Return what to add to ``dts``; a step back by more than ``splice`` is a restart.

        The audio continues after its last packet, as the video does (`Timeline`). One stray packet
        does not shift those after it.
        """
        if self.last is None:
            self.highest = dts
        elif self.last - (dts + self.shift) > splice:
            self.shift = self.last + duration - dts
        elif self.shift and dts > self.highest and dts + self.shift - self.last > splice:
            self.shift = 0
        self.highest = max(self.highest, dts)
        return self.shift

    def shift_in(self, film: int, shift: int, dts: int, duration: int, unheard: int) -> int:
        """Return what to add to the audio of a film whose video is shifted by ``shift``.

        If the audio before ends within ``unheard`` of that, it continues without a gap.
        """
        if film not in self.shifts:
            seamless = shift if self.last is None else self.last + duration - dts
            self.shifts[film] = seamless if abs(seamless - shift) <= unheard else shift
        return self.shifts[film]


def straighten(
    packet: Packet[Stream],
    clock: Continuity,
    film: tuple[int, Fraction] | None = None,
    *,
    is_audio: bool,
    is_written: bool = True,
) -> bool:
    """Give every packet a decoding time; those of audio must rise, or the muxer fails.

    Those of text and data may repeat, but not fall: what steps back a little is delayed, and what
    steps back further is not to be written, for which False is returned.

    An audio packet without a duration gets the distance from the one before: otherwise mp4 would
    end the track where its last packet begins.

    Args:
        packet: changed in place.
        clock: of its stream.
        film: which one it belongs to, and the shift of its video in seconds; None if the video's
            timestamps never restart.
        is_audio: it is an audio packet.
        is_written: it goes to a muxer; if not, to a decoder, whose sound is counted instead.
    """
    dts = packet.dts
    if dts is None:
        dts = packet.pts if packet.pts is not None else clock.last or 0
    pts = dts if packet.pts is None else packet.pts
    shift = _shift_of(packet, dts, clock, film, is_audio=is_audio)
    packet.dts, packet.pts = dts + shift, pts + shift
    last = clock.last if is_written else None
    if last is not None and not _follow(packet, last, is_audio=is_audio):
        return False
    clock.last = packet.dts
    return True


def _shift_of(
    packet: Packet[Stream],
    dts: int,
    clock: Continuity,
    film: tuple[int, Fraction] | None,
    *,
    is_audio: bool,
) -> int:
    """Return what to add to the times of a packet, in its ticks."""
    base, duration = packet.time_base, packet.duration or 1
    if film is None:
        return clock.shift_at(dts, duration, rounded(SPLICE_SECONDS / base)) if is_audio else 0
    number, shift = film[0], rounded(film[1] / base)
    if not is_audio:
        return shift
    return clock.shift_in(number, shift, dts, duration, rounded(UNHEARD_SECONDS / base))


def _follow(packet: Packet[Stream], last: int, *, is_audio: bool) -> bool:
    """Delay a packet that does not come after the one at ``last``; return False if it cannot."""
    assert packet.dts is not None
    assert packet.pts is not None
    splice = rounded(SPLICE_SECONDS / packet.time_base)
    if is_audio:
        if packet.dts <= last:
            least = last + max(1, rounded(LEAST_STEP_SECONDS / packet.time_base))
            packet.dts, packet.pts = least, max(packet.pts, least)
        packet.duration = packet.duration or min(packet.dts - last, splice)
    elif packet.dts < last:
        if packet.dts < last - splice:
            return False
        packet.dts, packet.pts = last, max(packet.pts, last)
    return True
