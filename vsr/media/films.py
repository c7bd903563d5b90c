"""Films put end to end in one file: where each lies in it, and what its times are shifted by.

The reader gives the pictures of a later film times that go on (`vsr.media.timing.Timeline`). What
goes with them, sound and text, is shifted by as much, so that it stays with its pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate

from av.packet import Packet
from av.stream import Disposition, Stream

from vsr.media.info import MediaInfo
from vsr.media.segments import video_packets
from vsr.media.timing import Timeline, Timing, ticks_per_frame

LONGEST_OVERLAP_SECONDS = Fraction(1, 2)
"""Sound that reaches further into the next film, or into the one before, has no place left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """One of the films in a file, in seconds of its own clock.

    Attributes:
        packets: how many of the video it has.
        start: when its first picture is shown.
        end: when its last picture begins.
        shift: what is added to its times.
    """

    packets: int
    start: Fraction
    end: Fraction
    shift: Fraction

    def followed_by(self, other: Film) -> Film:
        """Return both as one."""
        return replace(
            other,
            packets=self.packets + other.packets,
            start=min(self.start, other.start),
            end=max(self.end, other.end),
        )


def splices_in(info: MediaInfo) -> Splices | None:
    """Read the packets of the video, undecoded, and return where the times start again, if at all.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    if info.video.timing is not Timing.GIVEN:
        return None  # derived times never start again
    films = _shifted(info, list(_beginnings(video_packets(info))))
    return Splices(info.video.index, films) if len(films) > 1 else None


def _beginnings(packets: Iterable[Packet[Stream]]) -> Iterator[list[int | None]]:
    """Yield the times of each run of packets, in their order, that goes on without a step back."""
    times: list[int | None] = []
    latest: int | None = None
    for packet in packets:
        pts = packet.pts
        if packet.is_keyframe and pts is not None and latest is not None and pts < latest:
            yield times
            times, latest = [], None
        times.append(pts)
        if pts is not None:
            latest = pts if latest is None else max(latest, pts)
    yield times


def _shifted(info: MediaInfo, runs: Sequence[Sequence[int | None]]) -> list[Film]:
    """Return the films; a run that the reader's timeline does not shift further is none of its own.

    That is a single stray picture, which the timeline puts between its neighbours.
    """
    video, films = info.video, list[Film]()
    step = ticks_per_frame(video.frame_rate, video.time_base)
    timeline = Timeline(video.start_pts or 0, step)
    shown = [sorted(pts for pts in run if pts is not None) for run in runs]
    stamps = timeline.stamped(((run, pts), pts) for run, times in enumerate(shown) for pts in times)
    shifts = {run: stamp - pts for (run, pts), stamp in stamps}
    for run, times in enumerate(shown):
        if not times:
            continue
        film = Film(
            packets=len(runs[run]),
            start=times[0] * video.time_base,
            end=times[-1] * video.time_base,
            shift=shifts[run] * video.time_base,
        )
        if films and films[-1].shift == film.shift:
            film = films.pop().followed_by(film)
        films.append(film)
    return films


class Splices:
    """Tell to which film a packet belongs, while the whole file is demuxed.

    What lies near a splice in the file may belong to either side, as streams are interleaved
    loosely. It belongs where its shifted time comes nearest to that of the video beside it.

    Attributes:
        video: the index of the stream whose packets are to be shown to `follow`.
        films: two or more.
    """

    def __init__(self, video: int, films: Sequence[Film]) -> None:
        self.video = video
        self.films = tuple(films)
        self._ends = list(accumulate(film.packets for film in films))
        self._seen = 0
        self._current = 0
        self._now = films[0].start + films[0].shift

    def follow(self, packet: Packet[Stream]) -> None:
        """Note where the video is."""
        if packet.is_discard:
            return
        if self._seen >= self._ends[self._current] and self._current + 1 < len(self.films):
            self._current += 1
        self._seen += 1
        if packet.pts is not None:
            self._now = packet.pts * packet.time_base + self.films[self._current].shift

    def film_of(self, packet: Packet[Stream]) -> int | None:
        """Return which film a packet of another stream is of; None if it has no time of its own."""
        time = _seconds(packet)
        if time is None or packet.stream.disposition & Disposition.attached_pic:
            return None
        here = self._current
        beside = range(max(here - 1, 0), min(here + 2, len(self.films)))
        return min(beside, key=lambda film: abs(time + self.films[film].shift - self._now))

    def is_beyond(self, film: int, packet: Packet[Stream]) -> bool:
        """Tell that sound of a film lies where the sound of its neighbour is to be heard."""
        one, time = self.films[film], _seconds(packet) or Fraction(0)
        is_before = film > 0 and time < one.start - LONGEST_OVERLAP_SECONDS
        is_after = film + 1 < len(self.films) and time > one.end + LONGEST_OVERLAP_SECONDS
        return is_before or is_after


def _seconds(packet: Packet[Stream]) -> Fraction | None:
    time = packet.pts if packet.pts is not None else packet.dts
    return None if time is None else time * packet.time_base
