"""Find where the films concatenated in one file begin, from its packets alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from vsr.media.clock.clock import JUMP_SECONDS, STATION_CLOCKS, Turns
from vsr.media.clock.timing import Timeline, Timing, rounded, ticks_per_frame
from vsr.media.source.info import MediaInfo
from vsr.media.splices.clock_holes import closed
from vsr.media.splices.packets import timed_packets
from vsr.media.splices.restarts import RestartDetector
from vsr.media.splices.splices import Film, Splices


def splices_in(info: MediaInfo) -> Splices | None:
    """Return where the timestamps restart, from the video's undecoded packets; None if nowhere.

    In MPEG-TS and MPEG-PS, a clock that jumps forward counts as a restart too.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    if info.video.timing is not Timing.GIVEN:
        return None  # derived times never restart
    is_station = info.format_name in STATION_CLOCKS
    films = _shifted(info, list(_beginnings(info)))
    if is_station:
        films = closed(info, films)
    return Splices(info.video.index, films, has_turns=is_station) if len(films) > 1 else None


def splices_among(
    info: MediaInfo, times: Iterable[int] | None, *, may_start_again: bool
) -> Splices | None:
    """Return the splices of a file, if frames with these times or other streams need them.

    Args:
        times: ascending, as the reader gave them; None before they are known.
        may_start_again: other streams are to be shifted wherever the video's timestamps restart.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    is_station = info.format_name in STATION_CLOCKS and info.video.timing is Timing.GIVEN
    jump = rounded(JUMP_SECONDS / info.video.time_base)
    may_jump = is_station and (
        times is None or any(later - earlier > jump for earlier, later in pairwise(times))
    )
    return splices_in(info) if may_start_again or may_jump else None


def _beginnings(info: MediaInfo) -> Iterator[list[int | None]]:
    """Yield the packet times of each run without a splice, in file order."""
    times: list[int | None] = []
    restarts = RestartDetector(info)
    for packet, pts in timed_packets(info, Turns()):
        if restarts.turn_at(packet, pts):
            yield times
            times = []
        times.append(pts)
    yield times


def _shifted(info: MediaInfo, runs: Sequence[Sequence[int | None]]) -> list[Film]:
    """Return the films; a run that needs no shift of its own belongs to the film before it.

    Such a run is a single stray frame, which the timeline puts between its neighbours.
    """
    video, films = info.video, list[Film]()
    may_jump = info.format_name in STATION_CLOCKS
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
        is_far = may_jump and films and film.start - films[-1].end > JUMP_SECONDS
        if films and films[-1].shift == film.shift and not is_far:
            film = films.pop().followed_by(film)
        films.append(film)
    return films
