"""What this machine took before, a small file in the user's cache, which may be lost.

From it, or by a guess, comes how long the usual upscale of a film takes. No torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from math import log
from pathlib import Path
from typing import Any

from vsr.disk.folders import cache_folder
from vsr.disk.publishing import published
from vsr.errors import Refused
from vsr.jobs.estimate.figures import Between, about_seconds
from vsr.jobs.process_setup import core_count
from vsr.media.source.info import MediaInfo
from vsr.models.catalog import scales
from vsr.recipes.preset import load_preset
from vsr.upscaling.plan import SizePlan, plan_sizes

FILE = "pace.json"

MOST = 500
"""The most entries that are remembered; the oldest go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of work, as far as its pace depends on it.

    Attributes:
        hardware: as `vsr.device.select.Device.hardware`.
        cores: that the process may use.
        network: name and scale; the blend does not matter.
        sizes: from what to what.
        pixels: of a frame of the source.
        source: codec and pixel format of what is decoded.
        encoder: with its options.
    """

    hardware: str
    cores: int
    network: str
    precision: str
    sizes: str
    pixels: int
    source: str
    encoder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The pace of a kind of work.

    Attributes:
        frame_seconds: wall time of a frame.
        is_of_runs: of whole runs, rather than of a few frames before one.
    """

    kind: Kind
    frame_seconds: Between
    is_of_runs: bool = False


def recall(kind: Kind) -> Remembered | None:
    """Return what is remembered of a kind of work."""
    return next((one for one in remembered() if one.kind == kind), None)


def remembered() -> Iterator[Remembered]:
    """Yield everything that is remembered, the latest first."""
    for entry in reversed(_entries()):
        with suppress(TypeError, KeyError, ValueError):  # of another version
            yield Remembered(
                kind=Kind(**entry["kind"]),
                frame_seconds=Between(*map(float, entry["frame_seconds"])),
                is_of_runs=bool(entry["is_of_runs"]),
            )


def remember(value: Remembered) -> None:
    """Remember the pace of a kind of work; where that cannot be written, nothing is lost."""
    kind = asdict(value.kind)
    entries = [entry for entry in _entries() if entry.get("kind") != kind]
    pace = [value.frame_seconds.low, value.frame_seconds.high]
    entries.append({"kind": kind, "frame_seconds": pace, "is_of_runs": value.is_of_runs})
    path = _path()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with published(path) as part:
            part.write_text(json.dumps(entries[-MOST:], indent=1), encoding="utf-8")


def _path() -> Path:
    return cache_folder() / FILE


def _entries() -> list[dict[str, Any]]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


USUAL = "1080p"

IN_PROPORTION = (0.8, 1.25)
"""How far from proportional to its pixels the time of a frame may be, as factors."""

GUESSED_SECONDS = Between(0.6e-6, 2.4e-6)
"""A guess of the time for one source pixel, with the default network on two CPU cores."""


def usual_time(info: MediaInfo) -> str | None:
    """Return in words how long the default preset takes; None if it does not suit the film."""
    frames, video = _frames(info), info.video
    try:
        spec = load_preset(USUAL).spec
        sizes = plan_sizes(
            video.size,
            video.sar,
            spec.size,
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
        is_other = not any(one.kind.sizes == str(sizes) for one in fitting)
        words = what + about_seconds(seconds.scaled(frames))
        return words + " (from what videos of another size took)" * is_other
    guess = GUESSED_SECONDS.scaled(video.size.pixels * frames)
    return what + about_seconds(guess) + " on two CPU cores (a guess: not yet measured here)"


def _from(known: list[Remembered], sizes: SizePlan) -> Between | None:
    """Return the seconds of a frame: of the same sizes, else in proportion to the pixels."""
    for one in known:
        if one.kind.sizes == str(sizes):
            return one.frame_seconds
    if not known:
        return None
    nearest = min(known, key=lambda one: abs(log(one.kind.pixels / sizes.source.pixels)))
    share = sizes.source.pixels / nearest.kind.pixels
    low, high = (factor * share for factor in IN_PROPORTION)
    return Between(nearest.frame_seconds.low * low, nearest.frame_seconds.high * high)


def _frames(info: MediaInfo) -> int | None:
    video = info.video
    seconds = video.duration_seconds or info.duration_seconds
    if video.frames_in_header:
        return video.frames_in_header
    return round(seconds * video.frame_rate) if seconds and video.frame_rate else None
