"""A sample of a film: how many bits its frames take, and a few of them decoded.

And how coarsely each was quantised, as its decoder tells, on the scale of H.264: FFmpeg's decoders
of H.264, VP9 and the MPEG family export it on request; those of HEVC and AV1 do not.

Source: FFmpeg, libavutil/video_enc_params.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from math import log2
from statistics import fmean
from types import MappingProxyType
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsr.errors import VsrError
from vsr.media.frames.tags import side_data_of
from vsr.media.reading.delivery import Delivery
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import open_input

PLACES = (0.1, 0.5, 0.9)
"""Where the film is sampled, as fractions of its duration; its ends are often black."""

MOST_PACKETS = 250
"""Per place: a group of pictures (GOP) of x264's and x265's default length."""

DECODED = 4
"""Frames per place; the last of them is predicted from others."""

Luma = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FilmSample:
    """A sample of a film.

    Attributes:
        bits_per_pixel: of the coded frames, over whole GOPs.
        runs: of each place the lumas of the first frames, in the order in which they are shown:
            (H, W) each, in 8-bit codes.
        key_bits: per pixel, of the key frame that begins each of them.
        quantiser: the mean of their frames, as H.264's QP; None if the decoder does not tell.
    """

    bits_per_pixel: float
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
    packets: int
    bits: int
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
    packets = sum(place.packets for place in places)
    shown = [place for place in places if place.lumas]
    if not packets or not shown:
        return None
    pixels = info.video.size.pixels
    told = [value for place in shown for value in place.quantisers]
    return FilmSample(
        bits_per_pixel=sum(place.bits for place in places) / packets / pixels,
        runs=tuple(place.lumas for place in shown),
        key_bits=tuple(place.key_bits / pixels for place in shown),
        quantiser=fmean(told) if told else None,
    )


def _look(info: MediaInfo, seconds: float) -> _Place | None:
    """Sample the GOP around a time; return None if it cannot be reached or read."""
    try:
        with open_input(info.path) as container:
            stream = container.streams.video[_video_number(container, info)]
            stream.codec_context.options = dict(REQUEST)
            if seconds:
                start_seconds = (container.start_time or 0) / av.time_base
                container.seek(round((start_seconds + seconds) * av.time_base))
            packets = list(_group(container.demux(stream)))
            if not packets:
                return None
            shown = list(_decoded(stream.codec_context, packets, info))
    except (av.FFmpegError, VsrError, OSError, ValueError):
        return None
    bits = [8 * packet.size for packet in packets]
    lumas, quantisers = (tuple(item) for item in zip(*shown, strict=True)) if shown else ((), ())
    told = tuple(value for value in quantisers if value is not None)
    return _Place(packets[0].pts, len(packets), sum(bits), bits[0], lumas, told)


def _video_number(container: Any, info: MediaInfo) -> int:
    """Return which of the video streams is the one that is upscaled."""
    return [stream.index for stream in container.streams.video].index(info.video.index)


def _group(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Yield the packets from a key frame to the next one."""
    count = 0
    for packet in packets:
        if packet.size == 0 or (count and packet.is_keyframe) or count == MOST_PACKETS:
            return
        if count or packet.is_keyframe:
            count += 1
            yield packet


def _decoded(
    context: Any, packets: list[Packet[Any]], info: MediaInfo
) -> Iterator[tuple[Luma, float | None]]:
    """Yield luma, as the reader delivers it, and quantiser of the first frames of a GOP."""
    delivery = Delivery(info.video)
    frames = (frame for packet in (*packets[:DECODED], None) for frame in context.decode(packet))
    for frame in islice(frames, DECODED):
        luma = delivery.deliver(frame, 0).planes[0]
        codes = (luma >> (info.video.layout.bits - 8)).astype(np.uint8)
        yield codes, quantiser_of(frame, info.video.layout.bits)


REQUEST: Mapping[str, str] = MappingProxyType({"export_side_data": "venc_params"})
"""The decoder's option; to be set before it opens."""

HEAD = struct.Struct("=I4xQQii")
"""Blocks, their offset and size in bytes, the codec's family, the quantiser of the frame."""

DELTA = 4
"""Which 32-bit number of a block is the difference of its quantiser from the frame's."""

VP9, H264, MPEG = range(3)
"""The codec's family, as FFmpeg numbers it; that of MPEG tells steps, twice its scale."""

VP9_STEPS = ((0, 4), (95, 102), (120, 155), (150, 245), (180, 400), (205, 650), (230, 1080))
"""Index → step of an AC coefficient, in eighths; linear between: from libvpx's ``ac_qlookup``."""


def quantiser_of(frame: VideoFrame, bits: int) -> float | None:
    """Return the mean quantiser of a frame, as H.264's QP at 8 bits; None if it is not told.

    Args:
        bits: of the frame's samples.
    """
    data = side_data_of(frame).get(Type.VIDEO_ENC_PARAMS, b"")
    if len(data) < HEAD.size:
        return None
    blocks, offset, size, family, quantiser = HEAD.unpack_from(data)
    mean = quantiser + _mean_difference(data[offset : offset + blocks * size], size)
    if family == H264:
        return float(mean - 6 * (bits - 8))
    if family == VP9:
        return _as_h264(float(np.interp(mean, *np.array(VP9_STEPS).T)) / 8)
    return _as_h264(mean) if family == MPEG else None


def _mean_difference(blocks: bytes, size: int) -> float:
    if not blocks:
        return 0.0
    table: np.ndarray[Any, Any] = np.frombuffer(blocks, np.int32).reshape(-1, size // 4)
    return float(table[:, DELTA].mean())


def _as_h264(step: float) -> float:
    """Return the QP of a step: it doubles every 6, and is 1 at 4."""
    return 4 + 6 * log2(max(step, 0.1))
