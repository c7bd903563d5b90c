"""The pictures of README and docs: crops of two clips, enlarged by Lanczos and by vsr.

    python -m tests.benchmarks.front_page [FOLDER]

Writes ``docs/pictures/NAME.jpg``, or into FOLDER. Both sides of a picture are the same moment at
the same size; the right one is what a player shows of the finished file, after the encoder. For
``tape`` the clip is worn first as a tape wears it. The clips are in the folder that ``VSR_DATA``
names. Only crops of these two may be committed.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import vsr
from tests.benchmarks.looks.planar import planes_from_rgb
from tests.benchmarks.looks.wear import taped
from tests.benchmarks.video_clips import RATE, encode_as
from vsr.jobs.estimate.moments import moment_at, pts_at
from vsr.jobs.preview.pictures import Window, lanczos, shown
from vsr.media.images.pictures import Picture
from vsr.media.reading.probe import probe
from vsr.values import Size

PICTURES = Path(__file__).parents[2] / "docs/pictures"
SHOWN = Size(440, 330)
"""Of each side of a picture."""

WORN_FRAMES = 6
"""Of a clip that is worn; the one in the middle, which is predicted from others, is shown."""

GAP = 4
COLOUR = (128, 128, 128)
QUALITY = {"quality": 92, "subsampling": 0, "optimize": True}


@dataclass(frozen=True, slots=True)
class Shot:
    """A moment of a clip.

    Attributes:
        seconds: from the start of the clip.
        middle: of the crop, as shares of width and height.
        is_worn: what is enlarged is what a tape leaves of the clip.
    """

    name: str
    file: str
    preset: str
    seconds: float
    middle: tuple[float, float]
    look: str | None = None
    model: str | None = None
    is_worn: bool = False


SHOTS = (
    Shot("nasa", "nasa_13013.mp4", "1080p", 7.04, (0.42, 0.64)),
    Shot("bunny", "bigbuckbunny.mp4", "4k", 0.6, (0.14, 0.45), "anime"),
    Shot("vivid", "nasa_13013.mp4", "1080p", 7.04, (0.42, 0.64), model="vivid"),
    Shot("tape", "nasa_13013.mp4", "1080p", 7.04, (0.42, 0.64), "tape", is_worn=True),
)


def main(arguments: Sequence[str]) -> None:
    """Draw all."""
    folder = Path(arguments[0]) if arguments else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    for shot in SHOTS:
        source = Path(os.environ["VSR_DATA"]) / "clips" / shot.file
        path = folder / f"{shot.name}.jpg"
        drawn(source, shot).save(path, **QUALITY)
        print(path, f"{path.stat().st_size / 1000:.0f} kB")


def drawn(source: Path, shot: Shot) -> Image.Image:
    """Return the crop of the source, enlarged by Lanczos, beside that of the result."""
    with tempfile.TemporaryDirectory() as scratch:
        result, seconds = Path(scratch) / "result.mkv", shot.seconds
        if shot.is_worn:
            source, seconds = worn(source, seconds, Path(scratch)), WORN_FRAMES / 2 / RATE
        spec = vsr.spec_of(preset=shot.preset, look=shot.look, model=shot.model)
        vsr.upscale(source, result, spec, start=seconds, max_frames=1, note=print)
        after, small = frame_at(result, 0.0), frame_at(source, seconds)
    rows, columns = after.shape[:2]
    before = lanczos(small, Size(columns, rows))
    width, height = SHOWN.width / columns, SHOWN.height / rows
    window = Window(shot.middle[0] - width / 2, shot.middle[1] - height / 2, width, height)
    page = Image.new("RGB", (2 * SHOWN.width + GAP, SHOWN.height), COLOUR)
    for index, picture in enumerate((before, after)):
        crop = Image.fromarray(np.ascontiguousarray(window.cut(picture)))
        page.paste(crop, (index * (SHOWN.width + GAP), 0))
    return page


def worn(source: Path, seconds: float, folder: Path) -> Path:
    """Return a clip of what a tape leaves of one, in the MPEG-2 of a recorder of discs."""
    times = (seconds + index / RATE for index in range(WORN_FRAMES))
    frames = [planes_from_rgb(frame) for frame in taped([frame_at(source, at) for at in times])]
    return encode_as(folder / "tape.mkv", frames, "mpeg2video", {"qmin": "4", "qmax": "4"})


def frame_at(path: Path, seconds: float) -> Picture:
    """Return the frame that is shown at a time, as a page shows it."""
    info = probe(path)
    frame = moment_at(info, pts_at(info, seconds)).frames[-1]
    return shown(frame, info.video.sar, info.video.display_matrix)


if __name__ == "__main__":
    main(sys.argv[1:])
