"""What enlarges the clips of the video benchmark: interpolation, or the program itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.benchmarks.video_clips import SCALE, Planes
from vsr.frames import HostFrame
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.media.resume.segments import plan
from vsr.models.flavours import flavours_of
from vsr.specs import EncodeSpec, Precision, UpscaleSpec
from vsr.values import Dial, OutputSize, TimeRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How pictures are enlarged: by Pillow's filter, or by the program as it is asked to."""

    resampling: Image.Resampling | None = None
    model: str = "fast"
    strength: Dial = 0.0
    sharpness: Dial = 0.0
    precision: Precision = "fp32"

    def is_at_hand(self, scale: int = SCALE) -> bool:
        """Say whether there are weights for it."""
        flavours = flavours_of(self.model, scale)
        has_video, has_clear = flavours and flavours.video, flavours and flavours.clear
        return bool((not self.strength or has_video) and (not self.sharpness or has_clear))


METHODS = {
    "lanczos": Method(resampling=Image.Resampling.LANCZOS),
    "bicubic": Method(resampling=Image.Resampling.BICUBIC),
    "fast": Method(),
    "1/3": Method(strength=1 / 3),
    "2/3": Method(strength=2 / 3),
    "1": Method(strength=1.0),
    "auto": Method(strength="auto"),
    "sharp": Method(sharpness=1.0),
    "auto, sharp ½": Method(strength="auto", sharpness=0.5),
    "default, fp32": Method(strength="auto", sharpness="auto"),
    "default, int8": Method(strength="auto", sharpness="auto", precision="int8"),
}
"""By name; a number is ``--strength``, sharp is ``--sharpness 1``."""


def enlarged(
    method: Method,
    clip: Path,
    pictures: Sequence[Planes],
    worker: SegmentWorker,
    *,
    time: TimeRange = TimeRange(),
    scale: int = SCALE,
) -> tuple[dict[str, Any], list[Planes]]:
    """Return what is to be told of a method on a clip, and the enlarged pictures.

    Args:
        clip: the compressed clip.
        pictures: what a decoder gives of it.
        time: the part that the program enlarges; `auto` looks at the whole clip.
    """
    if method.resampling is None:
        return _by_network(method, clip, worker, time, scale)
    how = method.resampling
    return {}, [tuple(_resized(plane, how, scale) for plane in planes) for planes in pictures]


def _resized(plane: Any, resampling: Image.Resampling, scale: int) -> Any:
    rows, columns = plane.shape
    image = Image.fromarray(plane).resize((scale * columns, scale * rows), resampling)
    return np.asarray(image)


class _Kept:
    """A sink that keeps the pictures."""

    def __init__(self) -> None:
        self.pictures: list[Planes] = []

    def write(self, frame: HostFrame) -> None:
        y, u, v = (plane.copy() for plane in frame.planes)
        self.pictures.append((y, u, v))


def _by_network(
    method: Method, clip: Path, worker: SegmentWorker, time: TimeRange, scale: int
) -> tuple[dict[str, Any], list[Planes]]:
    spec = UpscaleSpec(
        size=OutputSize(scale=scale),
        steps=("upscale",),
        model=method.model,
        strength=method.strength,
        sharpness=method.sharpness,
        encode=EncodeSpec(codec="h264", encoder_preset="ultrafast"),
        device="cpu",
        precision=method.precision,
    )
    job = prepare(clip, clip.with_name("unwritten.mkv"), spec, worker.load)
    kept = _Kept()
    (whole,) = plan(job.source, time=time)
    worker.run(job, whole.span, kept, lambda frame: None)
    told = {"strength": job.model.blend.strength, "condition": str(job.choice.condition)}
    return (told if job.choice.condition else {}), kept.pictures
