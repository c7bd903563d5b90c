"""The frames of a clip: decoded or drawn, reduced, worn, and coded."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.looks import pages, shades, wear
from tests.benchmarks.looks.clips import Clip
from tests.benchmarks.looks.planar import Rgb, planes_from_rgb, rgb_from_planes, rgb_of_frame
from tests.benchmarks.video_clips import decode, encode_as
from vsr.jobs.upscale.strength import condition_of
from vsr.kernels import imresize
from vsr.media.reading.probe import probe
from vsr.values import PLAIN, Blend

LOOKED_AT = (2, 6)
"""The frames that are judged as single pictures: of a coded clip, predicted ones."""

TEXT_SEEDS = {"choose": 1, "report": 2}

Picture = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """The frames of a clip.

    Attributes:
        source: (T, H, W, 3), what is enlarged.
        truth: (T, sH, sW, 3), or None.
        blend: what ``--strength auto --sharpness auto`` makes of the file.
    """

    source: Rgb
    truth: Rgb | None
    blend: Blend

    @property
    def key(self) -> str:
        """Return a hash of what methods see."""
        digest = hashlib.sha256(self.source.tobytes())
        digest.update(repr((self.source.shape, self.blend)).encode())
        return digest.hexdigest()[:16]


def material(clip: Clip) -> Material:
    """Return the frames of a clip; the shared data is where ``VSR_DATA`` says."""
    data = Path(os.environ["VSR_DATA"])
    if clip.coding is None:
        path = data / "clips" / clip.file
        frames = [_cropped(frame, clip, 1) for frame in _frames(path, clip)]
        return Material(source=np.stack(frames), truth=None, blend=blend_of(path))
    truth: list[Picture] = []
    if clip.purpose == "face":
        small = [_face(frame, clip) for frame in _frames(data / "clips" / clip.file, clip)]
    else:
        truth = _truth(data, clip)
        small = [_reduced(frame, clip.scale) for frame in truth]
    source, blend = coded(wear.WEARS[clip.wear](small) if clip.wear else small, clip)
    shown = np.stack([_codes(frame) for frame in truth]) if truth else None
    if clip.purpose == "text":  # single pictures only
        source = source[list(LOOKED_AT)]
        shown = None if shown is None else shown[list(LOOKED_AT)]
    return Material(source=source, truth=shown, blend=blend)


def coded(frames: Sequence[Rgb], clip: Clip) -> tuple[Rgb, Blend]:
    """Return frames after coding, and what the program makes of the file by itself."""
    assert clip.coding is not None
    with tempfile.TemporaryDirectory() as scratch:
        planes = [planes_from_rgb(frame) for frame in frames]
        path = encode_as(
            Path(scratch) / "clip.mkv", planes, clip.coding.encoder, clip.coding.options
        )
        return np.stack([rgb_from_planes(one) for one in decode(path)]), blend_of(path)


def blend_of(path: Path) -> Blend:
    """Return the blend that ``--strength auto --sharpness auto`` gives a film."""
    condition = condition_of(probe(path))
    return condition.blend if condition else PLAIN


def _truth(data: Path, clip: Clip) -> list[Picture]:
    kind, _, name = clip.file.partition("/")
    if kind == "shade":
        return list(shades.shade(name, clip.frames))
    if kind == "text":
        return panned(text_page(clip)[0], clip)
    if clip.is_picture:
        picture = Image.open(data / "benchmarks" / clip.file).convert("RGB")
        return panned(np.asarray(picture), clip)
    frames = _frames(data / "clips" / clip.file, clip)
    return [_cropped(frame, clip, clip.scale) for frame in frames]


def text_page(clip: Clip) -> tuple[Rgb, list[pages.Cell]]:
    """Return the page of a text clip, wider than its frames, and where its characters are."""
    script = clip.file.partition("/")[2]
    width, height = (clip.scale * side for side in clip.crop)
    seed = TEXT_SEEDS[clip.half]
    return pages.page(script, seed, width + clip.frames, height, clip.scale)


def panned(picture: Rgb, clip: Clip) -> list[Rgb]:
    """Return views of a picture, each ``pan`` pixels to the right of the last."""
    rows, columns = picture.shape[:2]
    margin = clip.pan * clip.frames
    grid = 2 * clip.scale
    width = min(columns - margin, clip.scale * clip.crop[0]) // grid * grid
    height = min(rows, clip.scale * clip.crop[1]) // grid * grid
    left = round(clip.focus[0] * (columns - width - margin))
    top = round(clip.focus[1] * (rows - height))
    starts = range(left, left + margin, clip.pan) if clip.pan else [left] * clip.frames
    return [picture[top : top + height, start : start + width] for start in starts]


def _frames(path: Path, clip: Clip) -> Iterator[Rgb]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start_seconds = clip.start_seconds + float((stream.start_time or 0) * stream.time_base)
        later = (
            frame
            for frame in container.decode(stream)
            if frame.time is None or frame.time >= start_seconds
        )
        for frame in islice(later, clip.frames):
            yield rgb_of_frame(frame, halved=clip.halved)


def _cropped(frame: Rgb, clip: Clip, scale: int) -> Rgb:
    rows, columns = frame.shape[:2]
    grid = 2 * scale
    height, width = (
        min(side, most * scale) // grid * grid
        for side, most in zip((rows, columns), clip.crop[::-1])
    )
    top, left = (
        min(max(round(share * side - crop / 2), 0), side - crop) // 2 * 2
        for share, side, crop in zip(clip.focus[::-1], (rows, columns), (height, width))
    )
    return frame[top : top + height, left : left + width]


def _face(frame: Rgb, clip: Clip) -> Rgb:
    """Return the square around a face, reduced until the face is ``face_pixels`` high."""
    rows, columns = frame.shape[:2]
    side = round(clip.window * rows)
    left, top = (
        min(max(round(share * length - side / 2), 0), length - side)
        for share, length in zip(clip.focus, (columns, rows))
    )
    target = 2 * clip.face_pixels
    return _codes(imresize(frame[top : top + side, left : left + side], target, target))


def _reduced(frame: Picture, scale: int) -> Rgb:
    rows, columns = frame.shape[:2]
    return _codes(imresize(frame, rows // scale, columns // scale))


def _codes(picture: NDArray[np.generic]) -> Rgb:
    codes: Rgb = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return codes
