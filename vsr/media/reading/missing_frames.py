"""Frames that a damaged file no longer holds: neither a packet nor an error tells of them.

A demuxer that loses its place skips to where it finds it again. What lay between is a hole in the
times of the video. Whether a hole is damage, or a frame that stands, is told by the file: bytes
that belong to no packet.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low, quantiles

from vsr.media.clock import rounded
from vsr.media.reading.file_ends import ogg_faults
from vsr.media.source.decoder import Damage
from vsr.media.source.describe import tagged_seconds
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import demuxed, open_input
from vsr.media.station_clock import STATION_CLOCKS, time_of

STEADY = 0.75
"""The share of frames that follow the one before at the same distance, where a hole shows."""

HOLE = 1.5
"""Of the usual distance between frames: a longer one is a hole."""

TOLD_BY_HEADER = frozenset({"matroska,webm", "flv", "nut"})
"""Formats whose header says how long the film is; for others FFmpeg derives it from the packets."""

COUNTED_BY_HEADER = frozenset({"avi", "ivf", "mxf"})
"""Formats that count frames instead of timing them: a hole only makes the film shorter than its
header says.
"""

DOUBTFUL = frozenset({"avi"})
"""Of these, formats whose count is believed only with bytes that belong to nobody: some recorders
write it before the film.
"""

UNSURE_FRAMES = 1.5
"""Headers may round, and count what is shown last in full."""

NEIGHBOURS = 16
"""Packets on either side of a hole between which its bytes may lie, as frames are reordered."""

LEAST_SHARE = 0.25
"""Of what the missing frames take if they are small ones, so many bytes must belong to nobody."""

LONG_PAUSE = 4
"""Packets of sound that are missing in a row, for a pause that is damage."""

SEEN_AND_HEARD = ("video", "audio")
"""Kinds of streams that show where a film that was cut short ends; a subtitle may outlast it."""

MOST_SHOWN = 3

MOST_MISSING = 100
"""Times as long as all that was read: a longer hole is a damaged time."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Where frames are missing, in ticks: from when the first would be shown to the next one."""

    start: int
    end: int
    frames: int


@dataclass(slots=True)
class _Layout:
    """What all packets of a file say: where the video's are, and what belongs to any stream.

    Attributes:
        video: (pts, position) of each packet of the video, in the order of times.
        sizes: of those packets.
        suspect: times of those that the demuxer finds damaged, ascending.
        used: position → end of all packets that begin there, of any stream; empty where packets
            are spread over the file (MPEG-TS and MPEG-PS).
        sound: when packets of each stream of sound begin, ascending, in ticks of the video. Those
            of several together would seem to have no usual distance.
        end_seconds: when the last packet of video or sound ends.
        end_of_all_seconds: when the last of any stream does. Headers count a subtitle that stands
            longer than the film.
        video_seconds: when the video ends, as Matroska's tags say; 0 if they do not.
    """

    video: list[tuple[int, int]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    suspect: list[int] = field(default_factory=list)
    used: dict[int, int] = field(default_factory=dict)
    sound: dict[int, list[int]] = field(default_factory=dict)
    end_seconds: float = 0.0
    end_of_all_seconds: float = 0.0
    video_seconds: float = 0.0

    def is_silent(self, hole: Hole) -> bool:
        """Return whether sound, which there is before and after, pauses for most of a hole."""
        around = [
            one for one in self.sound.values() if one[0] <= hole.start and one[-1] >= hole.end
        ]
        return bool(around) and all(_is_silent(one, hole) for one in around)

    def pauses_after(self, pts: int) -> bool:
        """Return whether sound pauses, and goes on, after a time."""
        going_on = [one for one in self.sound.values() if one[-1] > pts]
        return bool(going_on) and all(_pauses_after(one, pts) for one in going_on)

    def lacks(self, frames: int) -> bool:
        """Return whether so many frames could lie anywhere between the packets."""
        return bool(self.used) and self.is_free(min(self.used), max(self.used), frames)

    def is_free(self, first: int, last: int, frames: int) -> bool:
        """Return whether bytes between two positions belong to nobody, as of so many frames."""
        if len(self.sizes) < 2:
            return False
        reach, free = first, 0
        for position in sorted(one for one in self.used if first <= one <= last):
            free, reach = max(free, position - reach), max(reach, self.used[position])
        return free > max(64, LEAST_SHARE * quantiles(self.sizes, n=4)[0] * frames)


def _is_silent(sound: Sequence[int], hole: Hole) -> bool:
    first, last = bisect_right(sound, hole.start), bisect_left(sound, hole.end)
    expected = (hole.end - hole.start) / _usual_step(sound)
    return expected >= 2 and last - first <= expected / 2


def _pauses_after(sound: Sequence[int], pts: int) -> bool:
    later = sound[max(0, bisect_left(sound, pts) - 1) :]
    return any(b - a > LONG_PAUSE * _usual_step(sound) for a, b in pairwise(later))


def _usual_step(times: Sequence[int]) -> int:
    """Return the median step; both fields of a frame may have the time of one, which is none."""
    steps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    return median_low(steps or [1])


def missing_frames(info: MediaInfo, times: Sequence[int], *, to_end: bool) -> tuple[str, ...]:
    """Return what is missing of a film among frames at these times, one sentence each.

    Only if the times leave a doubt, all packets are read.

    Args:
        times: of the frames that were read, ascending, in ticks of the source; of two fields
            both, which may be equal.
        to_end: the film was read to its end.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    if not times:
        return ()
    step = _usual_step(times)
    doubts = list(_holes(times, step))
    counted = (_counted_in_header(info) or 0) if to_end else 0
    counted -= (times[0] - (info.video.start_pts or 0)) // step  # those before a part
    seconds = info.duration_seconds if info.format_name in TOLD_BY_HEADER and to_end else None
    shown = float((times[-1] + step) * info.video.time_base)
    unsure = UNSURE_FRAMES * step * float(info.video.time_base)
    is_short = seconds is not None and shown < seconds - unsure
    found = list(_faults_of_ogg(info)) if info.format_name == "ogg" else []
    if not doubts and not is_short and counted <= len(times):
        return tuple(found)
    layout = _layout(info)
    if holes := [hole for hole in doubts if _is_damage(hole, step, layout)]:
        found.append(_told(info, times[0], holes))
    lacking = counted - len(times)
    if lacking > 0 and not found and (info.format_name not in DOUBTFUL or layout.lacks(lacking)):
        found.append(f"{lacking} of {counted} frames missing")
    if is_short and seconds is not None:
        missing, untold = seconds - layout.end_seconds, seconds - layout.end_of_all_seconds
        start = float((info.video.start_pts or 0) * info.video.time_base)
        is_cut = layout.video_seconds - layout.end_seconds > unsure
        if is_cut or min(untold, untold + start) > unsure:
            found.append(f"the last {missing:.2f} s of {seconds:.2f} s are missing")
        elif layout.pauses_after(times[-1]):
            found.append(f"the last {seconds - shown:.2f} s of the video are missing")
    return tuple(found)


def _counted_in_header(info: MediaInfo) -> int | None:
    video = info.video
    if info.format_name not in COUNTED_BY_HEADER:
        return None
    if video.frames_in_header or video.duration_seconds is None or video.frame_rate is None:
        return video.frames_in_header
    return round(video.duration_seconds * video.frame_rate)


def _faults_of_ogg(info: MediaInfo) -> Iterator[str]:
    """Yield what is missing of an Ogg file: its pages are numbered."""
    faults, is_cut = ogg_faults(info.path)
    if faults:
        yield f"{faults} damaged or missing places in the file"
    if is_cut:
        yield "the end of the file is missing"


def _holes(times: Sequence[int], step: int) -> Iterator[Hole]:
    """Yield the holes in times that are steady otherwise; where they are not, there is no hole."""
    gaps = list(pairwise(times))
    longest = MOST_MISSING * step * len(times)
    usual = sum(abs(later - earlier - step) <= 1 + step // 10 for earlier, later in gaps)
    if usual < STEADY * len(gaps):
        return
    for earlier, later in gaps:
        if HOLE * step + 1 < later - earlier < longest:
            yield Hole(earlier + step, later, max(1, round((later - earlier) / step) - 1))


def _layout(info: MediaInfo) -> _Layout:
    layout, pairs, latest = _Layout(), list[tuple[int, int]](), dict[int, int]()
    is_spread = info.format_name in STATION_CLOCKS
    with open_input(info.path) as container:
        streams = [one for one in container.streams if one.type != "attachment"]
        layout.video_seconds = tagged_seconds(container.streams[info.video.index].metadata)
        for packet in demuxed(container, streams, Damage()):
            time = time_of(packet)
            if time is not None:
                earlier = latest.get(packet.stream_index, time)
                latest[packet.stream_index] = max(earlier, time)
                lasting = packet.duration or 0
                if not lasting and packet.stream.type == "audio":
                    lasting = max(0, time - earlier)  # as the one before, where FLV tells none
                end = float((time + lasting) * packet.time_base)
                layout.end_of_all_seconds = max(layout.end_of_all_seconds, end)
                if packet.stream.type in SEEN_AND_HEARD:
                    layout.end_seconds = max(layout.end_seconds, end)
            if packet.stream.type == "audio" and time is not None:
                begins = rounded(time * packet.time_base / info.video.time_base)
                layout.sound.setdefault(packet.stream_index, []).append(begins)
            is_video = packet.stream_index == info.video.index and packet.pts is not None
            if is_video and packet.is_corrupt:
                layout.suspect.append(packet.pts or 0)
            if is_spread or packet.pos is None or packet.pos < 0:
                continue
            layout.used[packet.pos] = layout.used.get(packet.pos, packet.pos) + packet.size
            if is_video:
                pairs.append((packet.pts or 0, packet.pos))
                layout.sizes.append(packet.size)
    layout.video = sorted(pairs)
    for sound in layout.sound.values():
        sound.sort()
    return layout


def _is_damage(hole: Hole, step: int, layout: _Layout) -> bool:
    """Return whether damage explains a hole.

    It does if sound has it too, if neighbours are damaged, or if bytes there belong to nobody.
    """
    if layout.is_silent(hole):
        return True
    if any(hole.start - 2 * step <= pts <= hole.end + 2 * step for pts in layout.suspect):
        return True
    before = bisect_left(layout.video, (hole.start, -1))
    after = bisect_right(layout.video, (hole.end, -1))
    around = layout.video[max(0, before - NEIGHBOURS) : before]
    around += layout.video[after : after + NEIGHBOURS]
    positions = [position for _, position in around]
    return bool(positions) and layout.is_free(min(positions), max(positions), hole.frames)


def _told(info: MediaInfo, first: int, holes: Sequence[Hole]) -> str:
    base = info.video.time_base
    spans = [
        f"{float((one.start - first) * base):.2f}–{float((one.end - first) * base):.2f} s"
        for one in holes[:MOST_SHOWN]
    ]
    more = f" and {len(holes) - MOST_SHOWN} more places" if len(holes) > MOST_SHOWN else ""
    count = sum(one.frames for one in holes)
    noun = "frame" if count == 1 else "frames"
    return f"{count} {noun} ({', '.join(spans)}{more}) missing"
