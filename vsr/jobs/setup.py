"""``vsr doctor``, what this machine can do and why, and ``vsr demo``, which tries it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vsr.disk.output_folders import folder_made
from vsr.disk.publishing import publish, published, remove, writing
from vsr.errors import VsrError
from vsr.jobs.progress import Note, OnProgress, Result, ignore
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.media.images.pictures import Picture
from vsr.values import Size

LITTLE_DISK_BYTES = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined.

    Attributes:
        is_good: it works.
        is_needed: upscaling does not work without it.
    """

    what: str
    is_good: bool
    detail: str
    is_needed: bool = False


def examine() -> list[Finding]:
    """Examine everything that an upscale depends on; never raise for what is merely absent."""
    return [
        Finding("python", sys.version_info >= (3, 11), platform.python_version(), True),
        *(_package(name, is_needed=True) for name in ("torch", "av", "numpy")),
        _device(),
        *_gpu(),
        _integers(),
        *_pinned(),
        *_encoders(),
        _weights(),
        _others(),
        _onnx(),
        _disk(Path.cwd()),
    ]


def _package(name: str, *, is_needed: bool) -> Finding:
    try:
        return Finding(name, True, version(name), is_needed)
    except PackageNotFoundError:
        return Finding(name, False, "not installed", is_needed)


def _device() -> Finding:
    from vsr.device.select import select

    try:
        device = select()
    except VsrError as error:
        return Finding("device", False, str(error), True)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("device", True, f"{device}: {device.why}; {cores} processor cores", True)


def _gpu() -> list[Finding]:
    """Return why the GPU is not computed on, where there is one."""
    from vsr.device.cuda import unused_gpu

    problem = unused_gpu()
    return [] if problem is None else [Finding("gpu", False, problem)]


def _integers() -> Finding:
    """Return whether networks on the CPU can run in 8-bit integers."""
    from vsr.models.int8.convolution import refusal

    reason = refusal()
    how = "exact; --precision auto takes it for 8-bit video and weights tuned for it"
    return Finding("int8 on the CPU", reason is None, reason or how)


def _pinned() -> list[Finding]:
    """Return where the CUDA path would get its pinned memory; the CPU path needs none."""
    from vsr.device.cuda import cuda_count
    from vsr.device.memory import pinned_by

    if not cuda_count():
        return []
    library = pinned_by()
    extra = "pip install 'vsr-cli[cuda]', or 'vsr-cli[cuda13]' with CUDA 13"
    better = "" if library == "cupy" else f" ({extra}, for CuPy's pool)"
    return [Finding("pinned memory", library == "cupy", f"from {library}{better}")]


def _encoders() -> list[Finding]:
    from vsr.media.encoding.encoder_trial import openings

    return [
        Finding(f"encoder {name}", reason is None, reason or "opens", name == "libx264")
        for name, reason in openings()
    ]


def _weights() -> Finding:
    from vsr.models.catalog import load

    try:
        model = load("fast", 4)
    except (VsrError, OSError) as error:
        return Finding("weights", False, str(error), True)
    return Finding("weights", True, f"fast ×4, sha256 {(model.sha256 or '')[:12]}", True)


def _others() -> Finding:
    """Return whether networks of other architectures can be run, and whose torchvision is used."""
    from vsr.models.foreign.library import library

    found = library()
    return Finding("networks of others", found.module is not None, found.detail)


def _onnx() -> Finding:
    """Return which providers of ONNX Runtime are here."""
    from vsr.device.select import providers_here

    here = providers_here()
    if not here:
        return Finding("onnx", False, "not installed (pip install 'vsr-cli[onnx]')")
    tried = [f"{name}{'' if name == 'cpu' else ' (never run by this project)'}" for name in here]
    return Finding("onnx", True, f"onnxruntime {version('onnxruntime')}: {', '.join(tried)}")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    return Finding("disk", free > LITTLE_DISK_BYTES, f"{free / 1e9:.1f} GB free here")


FULL_HD = Size(1920, 1080)
COMPARED_FRAME = 12
CROPS = ((140, 40, 640, 400), (1140, 160, 1640, 520), (120, 720, 620, 1080))
"""Left, top, right, bottom in the upscaled frame: zone plate, star, text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the demonstration made, and how far both enlargements are from the original."""

    clip: Path
    upscaled: Path
    comparison: Path
    result: Result
    bicubic_psnr: float
    our_psnr: float


def demonstrate(
    folder: Path, *, on_progress: OnProgress = ignore, note: Note = ignore
) -> DemoResult:
    """Draw a 480×270 clip, upscale it to 1920×1080 with the default network, compare a frame.

    Nothing is drawn or repaired by the network: it would take the chart's finest lines for what a
    codec left, and could only be wrong.

    Raises:
        Refused, Failed: as `upscale` does.
    """
    from vsr.media.clips.h264 import write_clip
    from vsr.media.clips.scene import render

    clip, upscaled = folder / "demo-270p.mp4", folder / "demo-1080p.mp4"
    part = clip.with_suffix(".part.mp4")  # its suffix chooses the container
    with folder_made(folder), writing(clip):
        try:
            write_clip(part)
            publish(part, clip)
        finally:
            remove(part)
    spec = replace(spec_of_preset("1080p", existing="overwrite"), strength=0.0, sharpness=0.0)
    result = upscale(clip, upscaled, spec, on_progress=on_progress, note=note)
    seconds = COMPARED_FRAME / 24
    original = render(FULL_HD, seconds)
    ours = picture_at(upscaled, COMPARED_FRAME)
    small = Image.fromarray(picture_at(clip, COMPARED_FRAME))
    bicubic = np.asarray(small.resize((1920, 1080), Image.Resampling.BICUBIC))
    comparison = folder / "demo-comparison.png"
    with writing(comparison), published(comparison) as part:
        sheet({"bicubic": bicubic, "vsr": ours, "original": original}).save(part, format="PNG")
    return DemoResult(
        clip=clip,
        upscaled=upscaled,
        comparison=comparison,
        result=result,
        bicubic_psnr=_luma_psnr(bicubic, original),
        our_psnr=_luma_psnr(ours, original),
    )


def picture_at(path: Path, index: int) -> Picture:
    """Return the frame of that number as (rows, columns, 3) uint8 RGB."""
    from itertools import islice

    from vsr.device.yuv import picture_of
    from vsr.media.reading.reader import Reader

    with Reader.open(path) as reader:
        return picture_of(next(islice(reader.frames(), index, None)))


def sheet(pictures: dict[str, Picture]) -> Image.Image:
    """Put the same crops of each image in a row, with its name above."""
    width, height = CROPS[0][2] - CROPS[0][0], CROPS[0][3] - CROPS[0][1]
    gap, head = 8, 36
    page = Image.new(
        "RGB",
        (len(pictures) * (width + gap) - gap, head + len(CROPS) * (height + gap) - gap),
        "white",
    )
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=24)
    for column, (name, picture) in enumerate(pictures.items()):
        left = column * (width + gap)
        draw.text((left + 4, 4), name, fill="black", font=font)
        for row, crop in enumerate(CROPS):
            page.paste(Image.fromarray(picture).crop(crop), (left, head + row * (height + gap)))
    return page


def _luma_psnr(picture: Picture, original: Picture) -> float:
    from vsr.metrics.protocol import psnr_y

    return psnr_y(picture, original, crop=4)
