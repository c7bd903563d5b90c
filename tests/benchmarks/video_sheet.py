"""Crops of compressed clips, enlarged in several ways, beside the truth: to be looked at.

    python -m tests.benchmarks.video_sheet [FOLDER]

Draws the scene of ``vsr demo`` into ``results/video.png``. With a folder outside the project it
also draws the clips of the benchmark there (``VSR_DATA`` holds them; they must not be committed).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.video_clips import SOURCES, Planes, decode, encode, planes_of, reduced, truth
from tests.benchmarks.video_methods import METHODS, enlarged
from tests.benchmarks.video_scores import rgb_of
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.media.clips.scene import clip_frames
from vsr.values import Size

RESULTS = Path(__file__).with_name("results")
CRF = 28
SHOWN = ("lanczos", "fast", "auto")
PICTURE = 6
"""Which of the pictures is shown: a predicted one."""

CROP = (192, 144)
ZOOM = 2
HEAD = 26
SCENE_SIZE = Size(1920, 1080)
SCENE_SECONDS = 0.34
SCENE_FOCUS = ((0.79, 0.36), (0.2, 0.74))


def main(arguments: Sequence[str]) -> None:
    """Draw."""
    pictures = [
        planes_of(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24"))
        for picture in clip_frames(SCENE_SECONDS, SCENE_SIZE, supersampling=2)
    ]
    sheet(pictures, SCENE_FOCUS).save(RESULTS / "video.png", optimize=True)
    for folder in map(Path, arguments):
        folder.mkdir(exist_ok=True)
        for source in SOURCES:
            clip = truth(Path(os.environ["VSR_DATA"]) / "clips", source)
            sheet(clip, (source.focus,)).save(folder / f"{source.name}.png")


def sheet(pictures: Sequence[Planes], places: Sequence[tuple[float, float]]) -> Image.Image:
    """Return a row of crops for each place: what each method makes of a clip, then the truth."""
    shown = _enlarged(pictures) | {"original": pictures}
    width, height = (ZOOM * side for side in CROP)
    page = Image.new("RGB", (width * len(shown), HEAD + height * len(places)))
    for column, (name, result) in enumerate(shown.items()):
        picture = Image.fromarray(rgb_of(result[min(PICTURE, len(result) - 1)]))
        label = f"{name}, CRF {CRF}" if name != "original" else name
        ImageDraw.Draw(page).text(
            (column * width + 8, 4), label, fill="white", font=ImageFont.load_default(size=15)
        )
        for row, place in enumerate(places):
            crop = picture.crop(_box(picture, place)).resize((width, height), Image.Resampling.BOX)
            page.paste(crop, (column * width, HEAD + row * height))
    return page


def _enlarged(pictures: Sequence[Planes]) -> dict[str, Sequence[Planes]]:
    """Return what each method that there are weights for makes of the pictures, compressed."""
    with tempfile.TemporaryDirectory() as scratch, closing(SegmentWorker()) as worker:
        clip = encode(Path(scratch) / "clip.mkv", [reduced(planes) for planes in pictures], CRF)
        return {
            name: enlarged(METHODS[name], clip, decode(clip), worker)[1]
            for name in SHOWN
            if METHODS[name].is_at_hand()
        }


def _box(picture: Image.Image, place: tuple[float, float]) -> tuple[int, int, int, int]:
    """Return the crop around a place, moved inside the picture."""
    left, top = (
        min(max(round(share * side - crop / 2), 0), max(side - crop, 0))
        for share, side, crop in zip(place, picture.size, CROP)
    )
    return left, top, left + CROP[0], top + CROP[1]


if __name__ == "__main__":
    main(sys.argv[1:])
