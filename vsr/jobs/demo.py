"""``vsr demo``: a drawn clip, upscaled, beside what it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vsr.disk.output_folders import folder_made
from vsr.disk.publishing import publish, published, remove, writing
from vsr.jobs.progress import Note, OnProgress, Result, ignore
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.media.images.pictures import Picture
from vsr.values import Size

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
