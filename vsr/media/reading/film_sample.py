"""A sample of a film: a few of its frames, decoded, and how coarsely they were quantised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from statistics import fmean
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsr.errors import VsrError
from vsr.media.reading.delivery import Delivery
from vsr.media.reading.quantiser import REQUEST, quantisers_of
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input

PLACES = (0.1, 0.5, 0.9)
"""Where the film is sampled, as fractions of its duration; its ends are often black."""

DECODED = 4
"""Frames per place; the last of them is predicted from others."""

Luma = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FilmSample:
    """A sample of a film.

    Attributes:
        runs: of each place the lumas of the first frames, in the order in which they are shown:
            (H, W) each, in 8-bit codes.
        key_bits: per pixel, of the key frame that begins each of them.
        quantiser: the mean of their frames, as H.264's QP; None if neither decoder nor file tells.
    """

    runs: tuple[tuple[Luma, ...], ...]
    key_bits: tuple[float, ...] = ()
    quantiser: float | None = None

    @property
    def lumas(self) -> tuple[Luma, ...]:
        """The first frame of each place, and the last, which is predicted from others."""
        return tuple(luma for run in self.runs for luma in run[:1] + run[1:][-1:])

    @property
    def pairs(self) -> tuple[tuple[Luma, Luma], ...]:
        """Neighbouring frames; those that are the same are left out."""
        neighbours = (pair for run in self.runs for pair in pairwise(run))
        return tuple(pair for pair in neighbours if not np.array_equal(*pair))


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    start_pts: int | None
    key_bits: int
    lumas: tuple[Luma, ...]
    quantisers: tuple[float, ...]


def sample_film(info: MediaInfo) -> FilmSample | None:
    """Sample a few places of a film; return None if nothing can be read.

    The whole film counts, even if only a part of it is wanted: the result depends on the file
    alone.
    """
    seconds = info.video.duration_seconds or info.duration_seconds or 0.0
    found = [_look(info, share * seconds) for share in PLACES]
    if not any(found):
        found = [_look(info, 0.0)]  # no seek led to a key frame
    # In a short film, several places lead to the same GOP.
    places = list({place.start_pts: place for place in found if place is not None}.values())
    shown = [place for place in places if place.lumas]
    if not shown:
        return None
    pixels = info.video.size.pixels
    told = [value for place in shown for value in place.quantisers]
    return FilmSample(
        runs=tuple(place.lumas for place in shown),
        key_bits=tuple(place.key_bits / pixels for place in shown),
        quantiser=fmean(told) if told else None,
    )


def _look(info: MediaInfo, seconds: float) -> _Place | None:
    """Sample the beginning of the GOP around a time; None if it cannot be reached or read."""
    try:
        with open_input(info.path) as container:
            stream = container.streams.video[_video_number(container, info)]
            stream.codec_context.options = dict(REQUEST)
            if seconds:
                start_seconds = (container.start_time or 0) / av.time_base
                container.seek(round((start_seconds + seconds) * av.time_base))
            packets = list(islice(_group(container.demux(stream)), DECODED))
            if not packets:
                return None
            frames = list(_decoded(stream.codec_context, packets))
            lumas = tuple(_lumas(frames, info))
    except (av.FFmpegError, VsrError, OSError, ValueError):
        return None
    told = tuple(quantisers_of(info.video.codec, packets, frames, info.video.layout.bits))
    return _Place(packets[0].pts, 8 * packets[0].size, lumas, told)


def _video_number(container: Any, info: MediaInfo) -> int:
    """Return which of the video streams is the one that is upscaled."""
    return [stream.index for stream in container.streams.video].index(info.video.index)


def _group(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Yield the packets from a key frame to the next one."""
    has_begun = False
    for packet in packets:
        if packet.size == 0 or (has_begun and packet.is_keyframe):
            return
        has_begun |= packet.is_keyframe
        if has_begun:
            yield packet


def _decoded(context: Any, packets: list[Packet[Any]]) -> Iterator[VideoFrame]:
    """Yield the first frames of these packets."""
    frames = (frame for packet in (*packets, None) for frame in context.decode(packet))
    return islice(frames, DECODED)


def _lumas(frames: Iterable[VideoFrame], info: MediaInfo) -> Iterator[Luma]:
    """Yield the luma of frames, as the reader delivers it."""
    delivery = Delivery(info.video)
    for frame in frames:
        luma = delivery.deliver(frame, 0).planes[0]
        yield (luma >> (info.video.layout.bits - 8)).astype(np.uint8)
