"""Frames of videos → 8-bit RGB arrays, a few from each, evenly spread in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vsr.device.yuv import picture_of
from vsr.errors import DecodingFailed, InvalidOption, MediaError
from vsr.frames import HostFrame
from vsr.media.reading.reader import Reader
from vsr.training.pictures import Pixels, UnusablePicture

HDR_TRANSFERS = (16, 18)
"""PQ and HLG of H.273 table 3: their codes are not what the networks are trained on."""

STRIDE_WITHOUT_DURATION = 24
"""Every this many frames, if the container does not say how long it is."""


def film_frames(path: Path, count: int) -> Iterator[Pixels]:
    """Yield up to ``count`` frames (H, W, 3), uint8.

    Raises:
        UnusablePicture: no video, interlaced, HDR, or damaged before the first frame.
    """
    try:
        with Reader.open(path) as reader:
            video = reader.info.video
            if video.is_interlaced:
                raise UnusablePicture("interlaced video")
            if video.colour.transfer in HDR_TRANSFERS:
                raise UnusablePicture("HDR video")
            seconds = video.duration_seconds or reader.info.duration_seconds
            ticks = seconds / float(video.time_base) if seconds else None
            yield from (picture_of(frame) for frame in _spread(reader.frames(), ticks, count))
    except (MediaError, InvalidOption) as error:
        raise UnusablePicture("neither image nor video") from error
    except DecodingFailed as error:
        raise UnusablePicture("damaged video") from error


def _spread(frames: Iterator[HostFrame], duration: float | None, count: int) -> Iterator[HostFrame]:
    """Yield the first frame at or past each of ``count`` evenly spread times.

    Args:
        duration: in ticks; None if unknown.
    """
    step = duration / count if duration is not None else None
    taken, due = 0, float("nan")
    for index, frame in enumerate(frames):
        if taken == count:
            return
        due = frame.pts if index == 0 else due
        is_due = frame.pts >= due if step is not None else index % STRIDE_WITHOUT_DURATION == 0
        if is_due:
            taken += 1
            due += step or 0
            yield frame
