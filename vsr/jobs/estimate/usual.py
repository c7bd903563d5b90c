"""How long the usual upscale of a film takes: from what is remembered, or a guess. No torch."""

from __future__ import annotations

from vsr.errors import Refused
from vsr.jobs.estimate.remembered import Remembered, remembered
from vsr.jobs.estimate.words import Between, about_seconds
from vsr.jobs.process_setup import core_count
from vsr.media.source.info import MediaInfo
from vsr.models.catalog import scales
from vsr.recipes.preset import load_preset
from vsr.upscaling.plan import SizePlan, plan_sizes

USUAL = "1080p"

IN_PROPORTION = (0.8, 1.25)
"""Within these factors the time of a frame goes with its pixels."""

GUESSED_SECONDS = Between(0.6e-6, 2.4e-6)
"""Of one pixel of the source with the default network on two CPU cores, which a guess takes."""


def usual_time(info: MediaInfo) -> str | None:
    """Return in words how long the default preset takes; None if it does not suit the film."""
    frames, video = _frames(info), info.video
    try:
        spec = load_preset(USUAL).spec
        sizes = plan_sizes(
            video.size,
            video.sar,
            spec.target,
            scales(spec.model),
            is_turned=video.is_quarter_turned,
        )
    except Refused:
        return None
    if frames is None:
        return None
    known = [one for one in remembered() if one.kind.cores == core_count()]
    fitting = [one for one in known if one.kind.network.split(" ×")[0] == spec.model]
    seconds = _from(fitting, sizes)
    what = f"to {USUAL}: "
    if seconds is not None:
        return what + about_seconds(seconds.scaled(frames))
    guess = GUESSED_SECONDS.scaled(video.size.pixels * frames)
    return what + about_seconds(guess) + " on two CPU cores (a guess: not yet measured here)"


def _from(known: list[Remembered], sizes: SizePlan) -> Between | None:
    """Return the seconds of a frame: of the same sizes, else in proportion to the pixels."""
    for one in known:
        if one.kind.sizes == str(sizes):
            return one.frame_seconds
    if not known:
        return None
    latest = known[0]
    share = sizes.source.pixels / latest.kind.pixels
    low, high = IN_PROPORTION
    return Between(latest.frame_seconds.low * share * low, latest.frame_seconds.high * share * high)


def _frames(info: MediaInfo) -> int | None:
    video = info.video
    seconds = video.duration_seconds or info.duration_seconds
    if video.frames_in_header:
        return video.frames_in_header
    return round(seconds * video.frame_rate) if seconds and video.frame_rate else None
