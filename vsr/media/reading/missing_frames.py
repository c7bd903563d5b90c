"""Frames that a damaged file no longer holds: neither a packet nor an error tells of them.

A demuxer that loses its place skips to where it finds it again. What lay between is a hole in the
times of the video. Whether a hole is damage, or a frame that stands, is told by the file: bytes
that belong to no packet.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vsr.media.reading.file_ends import ogg_faults
from vsr.media.reading.packet_layout import PacketLayout, usual_step
from vsr.media.source.info import MediaInfo
from vsr.wording import counted

STEADY = 0.75
"""The share of frames that follow the one before at the same distance, where a hole shows."""

HOLE = 1.5
"""A distance between frames of more than this many usual ones is a hole."""

TOLD_BY_HEADER = frozenset({"matroska,webm", "flv", "nut"})
"""Formats whose header says how long the film is; for others FFmpeg derives it from the packets."""

COUNTED_BY_HEADER = frozenset({"avi", "ivf", "mxf"})
"""Formats that count frames instead of timing them: a hole only makes the film shorter than its
header says.
"""

DOUBTFUL = frozenset({"avi"})
"""Formats of `COUNTED_BY_HEADER` whose count is believed only if there are bytes that belong to no
packet: some recorders write it before the video."""

UNSURE_FRAMES = 1.5
"""Headers may round, and count what is shown last in full."""

NEIGHBOURS = 16
"""Packets on either side of a hole between which its bytes may lie, as frames are reordered."""

MOST_SHOWN = 3

MOST_MISSING = 100
"""Times as long as all that was read: a longer hole is a damaged time."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Where frames are missing, in ticks: from when the first would be shown to the next one."""

    start: int
    end: int
    frames: int


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
    step = usual_step(times)
    doubts = list(_holes(times, step))
    due = _due_by_header(info, times[0], step) if to_end else 0
    seconds = _told_if_longer(info, times[-1], step) if to_end else None
    found = list(_faults_of_ogg(info)) if info.format_name == "ogg" else []
    if not doubts and seconds is None and due <= len(times):
        return tuple(found)
    layout = PacketLayout.read(info)
    if holes := [hole for hole in doubts if _is_damage(hole, step, layout)]:
        found.append(_holes_in_words(info, times[0], holes))
    lacking = due - len(times)
    if lacking > 0 and not found and (info.format_name not in DOUBTFUL or layout.lacks(lacking)):
        found.append(f"{lacking} of {due} frames missing")
    if seconds is not None:
        found += _missing_end(info, times[-1], step, seconds, layout)
    return tuple(found)


def _due_by_header(info: MediaInfo, first: int, step: int) -> int:
    """Return how many frames there are from the time of the first one on; 0 if not counted."""
    before_part = (first - (info.video.start_pts or 0)) // step
    return (_counted_in_header(info) or 0) - before_part


def _told_if_longer(info: MediaInfo, last: int, step: int) -> float | None:
    """Return how long the header says that the film is, if that is longer than its frames are."""
    seconds, base = info.duration_seconds, info.video.time_base
    if seconds is None or info.format_name not in TOLD_BY_HEADER:
        return None
    unsure = UNSURE_FRAMES * step * float(base)
    return seconds if float((last + step) * base) < seconds - unsure else None


def _missing_end(
    info: MediaInfo, last: int, step: int, seconds: float, layout: PacketLayout
) -> Iterator[str]:
    """Yield what is missing at the end of a film that its header says to be longer.

    Args:
        last: the time of the last frame.
        seconds: how long the header says that the film is.
    """
    base = info.video.time_base
    unsure = UNSURE_FRAMES * step * float(base)
    untold = seconds - layout.end_of_all_seconds
    start = float((info.video.start_pts or 0) * base)
    is_cut = layout.video_seconds - layout.end_seconds > unsure
    if is_cut or min(untold, untold + start) > unsure:
        yield f"the last {seconds - layout.end_seconds:.2f} s of {seconds:.2f} s are missing"
    elif layout.pauses_after(last):
        shown = float((last + step) * base)
        yield f"the last {seconds - shown:.2f} s of the video are missing"


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


def _is_damage(hole: Hole, step: int, layout: PacketLayout) -> bool:
    """Return whether damage explains a hole.

    It does if sound has it too, if neighbours are damaged, or if bytes there belong to nobody.
    """
    if layout.is_silent(hole.start, hole.end):
        return True
    if any(hole.start - 2 * step <= pts <= hole.end + 2 * step for pts in layout.suspect):
        return True
    before = bisect_left(layout.video, (hole.start, -1))
    after = bisect_right(layout.video, (hole.end, -1))
    around = layout.video[max(0, before - NEIGHBOURS) : before]
    around += layout.video[after : after + NEIGHBOURS]
    positions = [position for _, position in around]
    return bool(positions) and layout.is_free(min(positions), max(positions), hole.frames)


def _holes_in_words(info: MediaInfo, first: int, holes: Sequence[Hole]) -> str:
    base = info.video.time_base
    spans = [
        f"{float((one.start - first) * base):.2f}–{float((one.end - first) * base):.2f} s"
        for one in holes[:MOST_SHOWN]
    ]
    more = f" and {len(holes) - MOST_SHOWN} more places" if len(holes) > MOST_SHOWN else ""
    count = counted(sum(one.frames for one in holes))
    return f"{count} ({', '.join(spans)}{more}) missing"
