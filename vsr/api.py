"""The public functions: the same jobs as the command line, the same errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from vsr.jobs.progress import Progress, ignore
from vsr.jobs.result import Result
from vsr.jobs.upscale import spec_of_preset
from vsr.jobs.upscale import upscale as run
from vsr.specs import EncodeSpec, Precision, Strength, Target, TimeRange

if TYPE_CHECKING:
    from vsr.media.probe import MediaInfo

__all__ = ["Result", "probe", "upscale"]

StrPath = str | PathLike[str]


def upscale(
    source: StrPath,
    target: StrPath,
    *,
    preset: str | None = None,
    scale: int | None = None,
    width: int | None = None,
    height: int | None = None,
    model: str | None = None,
    strength: Strength | None = None,
    sharpness: float | None = None,
    encode: EncodeSpec | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    tile: int | None = None,
    time: TimeRange | None = None,
    overwrite: bool = False,
    observe: Callable[[Progress], None] = ignore,
    note: Callable[[str], None] = ignore,
) -> Result:
    """Upscale one clip; sound, subtitles and times are kept.

    Args:
        source: the clip.
        target: the file to write; it appears under this name only when it is whole.
        preset: a preset's name or TOML file, such as ``4k``. Or give ``scale``, or a box with
            ``width`` and ``height`` (or one of them), in pixels.
        model: a network's name or a weights file; by default the preset's.
        strength: of its flavour for compressed video, 0 to 1, or ``auto``; by default the preset's.
        sharpness: of its perceptual flavour, 0 to 1; by default the preset's.
        encode: what is asked of the encoder; by default the preset's.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        precision: ``auto`` is fp16 on CUDA and fp32 on the CPU. ``bf16`` makes plain networks twice
            as fast on a CPU that multiplies in it, and is refused on any other.
        tile: the side of a tile in source pixels; by default as memory allows.
        time: the part of the clip to do; by default the whole.
        overwrite: replace a target that exists.
        observe: called with a `Progress` for every finished frame.
        note: called with each remark for the user: what is converted, dropped or guessed.

    Returns:
        What was done: frames in and out, speed, losses.

    Raises:
        Refused: nothing was started (input, target, option, preset, model or codec).
        Failed: it was started and could not be finished; nothing stands under the target's name.
    """
    box = None
    if scale is not None or width is not None or height is not None:
        box = Target(scale=scale, width=width, height=height)
    spec = spec_of_preset(preset or "1080p", box)
    if model is not None:
        spec = spec.of_model(model)
    spec = replace(
        spec,
        strength=spec.strength if strength is None else strength,
        sharpness=spec.sharpness if sharpness is None else sharpness,
        encode=encode or spec.encode,
        device=device,
        precision=precision,
        tile=tile,
        time=time or TimeRange(),
        existing="overwrite" if overwrite else "refuse",
    )
    return run(Path(source), Path(target), spec, observe=observe, note=note)


def probe(source: StrPath) -> MediaInfo:
    """Return what is in a file: its video with size, times and colour, and its other streams.

    Raises:
        MediaError: it cannot be opened, or has no video.
    """
    from vsr.media.probe import probe as look

    return look(Path(source))
