"""A film as tasks and workers name it, and what the header of its file shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vsr.specs import TimeRange, UpscaleSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSpec:
    """A clip to upscale, as the tasks name it."""

    source: Path
    target: Path
    spec: UpscaleSpec


@dataclass(frozen=True, slots=True)
class Seen:
    """What the header of a file shows.

    Attributes:
        frames: how many, if the header says so.
        pixels: the area of one frame.
        seconds_per_frame: how long one is shown; 0 if the header does not say.
    """

    frames: int | None
    pixels: int
    seconds_per_frame: float = 0.0


def seen_in_header(source: Path, time: TimeRange) -> Seen:
    """Read the header of a film or an image.

    Args:
        time: the part of the film that is wanted.

    Raises:
        MediaError: it does not exist, or cannot be read.
    """
    from vsr.media.images.images import image_size, is_image

    if is_image(source):
        return Seen(1, image_size(source).pixels)
    from vsr.jobs.upscale.upscale_plan import frames_expected
    from vsr.media.reading.probe import probe

    info = probe(source)
    video = info.video
    seconds = float(1 / video.frame_rate) if video.frame_rate else 0.0
    return Seen(frames_expected(info, time), video.size.pixels, seconds)
