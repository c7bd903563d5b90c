"""Cut frames: by a box that is given, or by the black bars that a film has from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import cast

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vsr.colour import Codes
from vsr.errors import InvalidOption
from vsr.frames import HostFrame
from vsr.media.reading.delivery import Delivery
from vsr.media.reading.reader import Reader
from vsr.media.source.decoder import Damage
from vsr.media.source.info import MediaInfo, VideoInfo
from vsr.media.source.opening import demuxed, open_input
from vsr.values import CropBox, Size

BLACK_SHARE = 0.045
"""How far above black, as a share of the range, a sample still counts as black: noise, and a
codec's ringing."""

LIT_SHARE = 0.02
"""The share of a black row or column that may be brighter: a logo's edge, or a damaged block."""

SECONDS_APART = 1
"""The least time between key frames that are examined."""

FEWEST_SEEN, EVERY = 8, 12
"""With fewer key frames, every twelfth frame is looked at."""

LEAST_BAR = 4
"""The narrowest bar in pixels; anything narrower is an edge."""


def cropped(info: MediaInfo, text: str) -> MediaInfo:
    """Return the description of a film of which only a part of each frame is read.

    Args:
        text: ``W:H:X:Y``, or ``auto`` for what is not black bars.

    Raises:
        InvalidOption: the part is not inside the frame, or cuts through a sample of chroma.
        DecodingFailed: the film cannot be read.
    """
    video = info.video
    box = _without_bars(info) if text == "auto" else CropBox.read(text)
    _check(info, box)
    kept = replace(video, size=box.size, crop=box, decoded_size=video.size)
    return replace(info, video=kept)


def asked_by_header(video: VideoInfo) -> str | None:
    """Return what players show of each frame, as ``W:H:X:Y``, out to whole samples of chroma.

    None for all of it, or if it is not inside the frames of a part.
    """
    box, whole, (across, down) = video.header_crop, _stored(video), _steps(video)
    if box is None:
        return None
    right, bottom = box.x + box.size.width, box.y + box.size.height
    if right > whole.width or bottom > whole.height:
        return None
    x, y = box.x - box.x % across, box.y - box.y % down
    width, height = right + -right % across - x, bottom + -bottom % down - y
    return str(CropBox(Size(min(width, whole.width - x), min(height, whole.height - y)), x, y))


def as_shown(info: MediaInfo) -> MediaInfo:
    """Return the description of a film of which is read what players show of each frame."""
    asked = asked_by_header(info.video)
    return info if asked is None else cropped(info, asked)


def crop_note(video: VideoInfo) -> str | None:
    """Return what is cut, for the user; None if nothing was asked for."""
    if video.crop is None:
        return None
    if str(video.crop) == asked_by_header(video):
        return (
            f"each frame is cut to {video.size} of {video.decoded_size}, as its header asks of "
            f"players (--crop {CropBox(_stored(video), 0, 0)} keeps all)."
        )
    if video.size == video.decoded_size:
        if video.header_crop is not None:
            return "each frame is kept whole, with what its header hides from players."
        return "no black bars were found: nothing is cut."
    return f"each frame is cut to {video.size} of {video.decoded_size} (--crop {video.crop})."


def _stored(video: VideoInfo) -> Size:
    return video.decoded_size or video.size


def _check(info: MediaInfo, box: CropBox) -> None:
    whole, (across, down) = info.video.size, _steps(info.video)
    right, bottom = box.x + box.size.width, box.y + box.size.height
    if right > whole.width or bottom > whole.height:
        raise InvalidOption(f"{info.path}: --crop {box} is not inside its frames of {whole}.")
    if box.x % across or box.y % down:
        raise InvalidOption(
            f"{info.path}: --crop {box}: X must be a multiple of {across} and Y of {down}, as its "
            f"chroma is {info.video.layout.subsampling}. "
            f"Choose {replace(box, x=box.x - box.x % across, y=box.y - box.y % down)}."
        )


def _steps(video: VideoInfo) -> tuple[int, int]:
    """Return in which steps a box may move across and down without cutting a sample, or a field."""
    down = 1 << video.layout.y_shift
    return 1 << video.layout.x_shift, down * 2 if video.is_interlaced else down


def _without_bars(info: MediaInfo) -> CropBox:
    """Return the smallest box that holds everything that is not black, in any frame looked at."""
    whole = info.video.size
    rows, columns = np.zeros(whole.height, bool), np.zeros(whole.width, bool)
    for frame in _looked_at(info):
        lit = _is_lit(frame)
        rows |= lit.mean(axis=1) > LIT_SHARE
        columns |= lit.mean(axis=0) > LIT_SHARE
    across, down = _steps(info.video)
    top, height = _extent(rows, down)
    left, width = _extent(columns, across)
    return CropBox(Size(width, height), left, top)


def _is_lit(frame: HostFrame) -> NDArray[np.bool_]:
    codes = Codes.of(frame.layout.bits, frame.resolved_colour.range)
    lit: NDArray[np.bool_] = frame.planes[0] > codes.luma_offset + BLACK_SHARE * codes.luma_scale
    return lit


def _extent(lit: NDArray[np.bool_], step: int) -> tuple[int, int]:
    """Return where what is lit begins, and how long it is; all of it if next to nothing is cut."""
    places = np.flatnonzero(lit)
    count = len(lit)
    if not len(places):
        return 0, count
    first, last = int(places[0]), int(places[-1]) + 1
    first = 0 if first < LEAST_BAR else first - first % step
    last = count if count - last < LEAST_BAR else min(count, last + (first - last) % max(2, step))
    return first, last - first


def _looked_at(info: MediaInfo) -> Iterator[HostFrame]:
    """Yield frames from one end of the film to the other."""
    seen = 0
    for frame in _key_frames(info):
        seen += 1
        yield frame
    if seen < FEWEST_SEEN:
        with Reader.open(info.path, info) as reader:
            yield from islice(reader.frames(), 0, None, EVERY)


def _key_frames(info: MediaInfo) -> Iterator[HostFrame]:
    """Yield key frames that are a second apart; only they are decoded."""
    delivery, last = Delivery(info.video), None
    with open_input(info.path) as container:
        stream = container.streams[info.video.index]
        assert isinstance(stream, VideoStream)
        stream.codec_context.thread_count = 1
        for packet in cast("Iterator[Packet[VideoStream]]", demuxed(container, [stream], Damage())):
            time = None if packet.pts is None else packet.pts * packet.time_base
            if not packet.is_keyframe or time is None:
                continue
            if last is not None and time - last < Fraction(SECONDS_APART):
                continue
            last = time
            try:
                frames = [*stream.decode(packet), *stream.decode(None)]
            except (av.FFmpegError, EOFError):
                frames = []
            stream.codec_context.flush_buffers()
            for frame in frames:
                yield delivery.deliver(frame, 0)
