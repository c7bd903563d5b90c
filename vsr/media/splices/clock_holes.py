"""Close the holes that a forward jump of the clock leaves: over 10 s without video or audio.

The frames before and after a hole keep their times while they are read and processed, since these
rise; the hole is subtracted where the output is written, from every stream alike. If audio
continues, the video has only stood still, and there is no hole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter
from typing import TypeAlias

import av
from av.packet import Packet
from av.stream import Discard, Stream

from vsr.errors import DecodingFailed
from vsr.media.clock.clock import JUMP_SECONDS, steady
from vsr.media.clock.timing import rounded, ticks_per_frame
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input
from vsr.media.splices.splices import Film, Splices

Span: TypeAlias = "tuple[Fraction, Fraction]"


def closed(info: MediaInfo, films: Sequence[Film]) -> list[Film]:
    """Return the films with the holes between them closed; without a hole, two may become one.

    Args:
        films: of a format of `vsr.media.clock.clock.STATION_CLOCKS`.

    Raises:
        DecodingFailed: the source cannot be read.
    """
    step = rounded(ticks_per_frame(info.video.frame_rate, info.video.time_base))
    frame = step * info.video.time_base
    gaps = [(a.end + a.shift + frame, b.start + b.shift) for a, b in pairwise(films)]
    heard: dict[int, list[Span]] = {place: [] for place, gap in enumerate(gaps) if _is_hole(gap)}
    if not heard:
        return list(films)
    _listen(info, films, gaps, heard)
    so_far, done = Fraction(0), [films[0]]
    for place, (film, gap) in enumerate(zip(films[1:], gaps)):
        start, end = _longest_silence(gap, heard.get(place, ()))
        before, first = done.pop(), film.start
        if _is_hole((start, end)):
            so_far += end - start
            before = replace(before, end=max(before.end, start - before.shift - before.closed))
            first = min(first, end - film.shift)
        after = replace(film, start=first, shift=film.shift - so_far, closed=so_far)
        if (after.shift, after.closed) == (before.shift, before.closed):
            done.append(before.followed_by(after))
        else:
            done += [before, after]
    return done


def _is_hole(gap: Span) -> bool:
    return gap[1] - gap[0] > JUMP_SECONDS


def _longest_silence(gap: Span, sounds: Iterable[Span]) -> Span:
    """Return the longest part of a gap between frames that no audio fills."""
    longest, until = (gap[0], gap[0]), gap[0]
    for start, end in (*sorted(sounds), (gap[1], gap[1])):
        if start - until > longest[1] - longest[0]:
            longest = until, start
        until = max(until, end)
    return longest


def _listen(
    info: MediaInfo, films: Sequence[Film], gaps: Sequence[Span], heard: dict[int, list[Span]]
) -> None:
    """Add to each of the given gaps, by number, the audio that plays in it."""
    splices = Splices(info.video.index, films, has_turns=True)
    with open_input(info.path) as container:
        chosen = [one for one in container.streams if _is_chosen(one, info)]
        for stream in container.streams:
            if stream not in chosen:
                stream.discard = Discard.all
        try:
            for packet, is_believed in steady(one for one in container.demux(chosen) if one.size):
                if packet.stream_index == info.video.index:
                    splices.follow(packet, is_believed=is_believed)
                elif is_believed:
                    _sort_in(packet, splices, gaps, heard)
        except (av.InvalidDataError, EOFError):  # the reader counts what is damaged
            pass
        except (av.FFmpegError, OSError) as error:
            raise DecodingFailed(
                f"{info.path}: reading failed ({error}). Check the disk."
            ) from error


def _is_chosen(stream: Stream, info: MediaInfo) -> bool:
    return stream.type == "audio" or stream.index == info.video.index


def _sort_in(
    packet: Packet[Stream], splices: Splices, gaps: Sequence[Span], heard: dict[int, list[Span]]
) -> None:
    film = splices.film_of(packet)
    if film is None or packet.pts is None:
        return
    start = packet.pts * packet.time_base + splices.films[film].shift
    end = start + (packet.duration or 0) * packet.time_base
    place = bisect_right(gaps, end, key=itemgetter(0)) - 1
    if place in heard and start < gaps[place][1]:
        heard[place].append((start, end))
