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
    if packet.dts is None:
        packet.dts = packet.pts if packet.pts is not None else clock.last or 0
    if packet.pts is None:
        packet.pts = packet.dts
    base, duration, shift = packet.time_base, packet.duration or 1, 0
    if film is not None:
        number, shift = film[0], rounded(film[1] / base)
        if is_audio:
            unheard = rounded(UNHEARD_SECONDS / base)
            shift = clock.shift_in(number, shift, packet.dts, duration, unheard)
    elif is_audio:
        shift = clock.shift_at(packet.dts, duration, rounded(SPLICE_SECONDS / base))
    packet.dts, packet.pts = packet.dts + shift, packet.pts + shift
    if not is_written:
        clock.last = packet.dts
        return True
    if is_audio and clock.last is not None and packet.dts <= clock.last:
        packet.dts = clock.last + max(1, rounded(LEAST_STEP_SECONDS / base))
        packet.pts = max(packet.pts, packet.dts)
    if clock.last is not None and packet.dts < clock.last:
        if clock.last - packet.dts > rounded(SPLICE_SECONDS / base):
            return False
        packet.dts = clock.last
        packet.pts = max(packet.pts, packet.dts)
    if is_audio and not packet.duration and clock.last is not None:
        packet.duration = min(packet.dts - clock.last, rounded(SPLICE_SECONDS / base))
    clock.last = packet.dts
    return True
