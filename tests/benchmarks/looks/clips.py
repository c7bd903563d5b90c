"""The clips that looks are judged on, in two halves: one to choose by, one only to report.

A clip is native (a crop of what a decoder gives) or reduced: a crop of a larger film or picture is
the truth, and what is enlarged is a quarter of its size, coded. Pictures are panned by one pixel
of the truth a frame, a quarter pixel of the source. Nothing here is trained on.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.looks import synthetic
from tests.benchmarks.looks.planar import Rgb, planes_from_rgb, rgb_from_planes, rgb_of_frame
from tests.benchmarks.video_clips import decode, encode_as
from vsr.jobs.upscale.strength import condition_of
from vsr.media.reading.probe import probe
from vsr.metrics.imresize import imresize

SCALE = 4
FRAMES = 8
CROP = (160, 120)
"""Columns and rows of the source that are enlarged, at most."""

X264 = {"preset": "medium"}
Half = Literal["choose", "report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How a reduced clip is coded.

    Attributes:
        encoder: FFmpeg's name.
        options: for it.
    """

    encoder: str = "libx264"
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        quality = self.options.get("crf") or self.options.get("qmax")
        return f"{self.encoder.removeprefix('lib')} {quality}"


def crf(value: int) -> Coding:
    """Return x264 of a quality."""
    return Coding(options=X264 | {"crf": str(value)})


def mpeg4(q: int) -> Coding:
    """Return MPEG-4 part 2 of a constant quantiser."""
    return Coding(encoder="mpeg4", options={"qmin": str(q), "qmax": str(q)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a clip is made from.

    Attributes:
        file: in the folder of clips, or of pictures (``Set14/barbara.png``), to be panned.
        what: its content, for the table.
        start_seconds: where it begins.
        focus: the middle of the crop, as shares of width and height.
        halved: it is reduced twice first, which also takes away the traces of its own coding.
        coding: None for a native clip.
        wear: what is done to the reduced frames before coding, a name of `synthetic.WEARS`.
        is_quick: whether a quick run includes it.
        is_clean: whether its source is nearly free of coding errors.
    """

    file: str
    what: str
    half: Half
    start_seconds: float = 0.0
    focus: tuple[float, float] = (0.5, 0.5)
    halved: bool = False
    coding: Coding | None = None
    wear: str = ""
    is_quick: bool = False
    is_clean: bool = False

    @property
    def name(self) -> str:
        """Return a short name that no other clip has."""
        stem = Path(self.file).stem.partition(".")[0]
        first = {"park_joy_420_720p50_frm0to9_480x270": "park_joy"}.get(stem, stem)
        return " ".join(filter(None, (first, self.wear, str(self.coding or "native"))))


def _choosing(**fields: object) -> Clip:
    return Clip(half="choose", **fields)  # type: ignore[arg-type]


def _reporting(**fields: object) -> Clip:
    return Clip(half="report", **fields)  # type: ignore[arg-type]


CLIPS = (
    _choosing(file="flipping_a_pancake.mkv", what="kitchen", start_seconds=4.0, is_quick=True),
    _choosing(file="bikes.mp4", what="street", start_seconds=8.0, is_quick=True),
    _choosing(
        file="carphone_pristine.mp4", what="face", start_seconds=1.0, is_quick=True, is_clean=True
    ),
    _choosing(file="demo.mp4", what="people", start_seconds=1.0),
    _choosing(file="bigbuckbunny.mp4", what="animation", start_seconds=2.0, is_clean=True),
    _choosing(file="part_0.mp4", what="water"),
    _choosing(
        file="bigbuckbunny.mp4", what="animation", halved=True, coding=crf(28), is_quick=True
    ),
    _choosing(file="bikes.mp4", what="street", start_seconds=8.0, coding=crf(23)),
    _choosing(file="cockatoo.mp4", what="bird", start_seconds=10.0, halved=True, coding=mpeg4(6)),
    _choosing(file="Set14/barbara.png", what="cloth", coding=crf(23), is_quick=True),
    _choosing(file="Set14/lenna.png", what="face, skin", coding=crf(28), is_quick=True),
    _choosing(file="Set14/flowers.png", what="foliage", coding=crf(28), is_quick=True),
    _choosing(file="Set14/comic.png", what="drawn", coding=crf(33)),
    _choosing(file="Set14/man.png", what="man, grain", coding=crf(18), wear="grain"),
    _choosing(
        file="demo.mp4", what="people, tape", start_seconds=3.0, coding=mpeg4(4), wear="tape"
    ),
    _reporting(file="nasa_13013.mp4", what="people", start_seconds=4.0),
    _reporting(file="realshort.mp4", what="plant, room"),
    _reporting(file="vfr_640x480.webm", what="hand, shelf"),
    _reporting(file="long_180p_av1.mp4", what="film", start_seconds=60.0),
    _reporting(
        file="park_joy_420_720p50_frm0to9_480x270.y4m",
        what="foliage",
        focus=(0.7, 0.4),
        is_clean=True,
    ),
    _reporting(file="sample_rotate_and_reflect.mp4", what="face", halved=True, coding=crf(28)),
    _reporting(
        file="hdr10-av1.mp4", what="roof, sky", start_seconds=3.0, halved=True, coding=crf(23)
    ),
    _reporting(file="vfr_640x480.webm", what="hand, shelf", coding=crf(33)),
    _reporting(file="realshort.mp4", what="plant, room", coding=mpeg4(5)),
    _reporting(file="Set14/ppt3.png", what="text", coding=crf(28)),
    _reporting(file="Set14/monarch.png", what="butterfly", coding=crf(33)),
    _reporting(file="Set14/zebra.png", what="stripes, grass", coding=crf(23)),
    _reporting(file="Set14/face.png", what="face, skin", coding=crf(23)),
    _reporting(file="Set14/coastguard.png", what="water, grain", coding=crf(18), wear="grain"),
    _reporting(file="vfr_640x480.webm", what="hand, tape", coding=mpeg4(4), wear="tape"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """The frames of a clip.

    Attributes:
        source: (T, H, W, 3), what is enlarged.
        truth: (T, sH, sW, 3), or None.
        strength: what ``--strength auto`` makes of the file.
    """

    source: Rgb
    truth: Rgb | None
    strength: float

    @property
    def key(self) -> str:
        """Return a hash of what methods see."""
        digest = hashlib.sha256(self.source.tobytes())
        digest.update(repr((self.source.shape, self.strength)).encode())
        return digest.hexdigest()[:16]


def material(clip: Clip) -> Material:
    """Return the frames of a clip; the shared data is where ``VSR_DATA`` says."""
    data = Path(os.environ["VSR_DATA"])
    if clip.coding is None:
        path = data / "clips" / clip.file
        frames = [_cropped(frame, clip.focus, 1) for frame in _frames(path, clip)]
        return Material(source=np.stack(frames), truth=None, strength=strength_of(path))
    truth = _truth(data, clip)
    small = [_reduced(frame) for frame in truth]
    if clip.wear:
        small = synthetic.WEARS[clip.wear](small)
    with tempfile.TemporaryDirectory() as scratch:
        path = encode_as(
            Path(scratch) / "clip.mkv",
            [planes_from_rgb(frame) for frame in small],
            clip.coding.encoder,
            clip.coding.options,
        )
        source = np.stack([rgb_from_planes(planes) for planes in decode(path)])
        return Material(source=source, truth=np.stack(truth), strength=strength_of(path))


def strength_of(path: Path) -> float:
    """Return what ``--strength auto`` makes of a film."""
    condition = condition_of(probe(path))
    return condition.strength if condition else 0.0


def _truth(data: Path, clip: Clip) -> list[Rgb]:
    if clip.file.endswith(".png"):
        return panned(np.asarray(Image.open(data / "benchmarks" / clip.file).convert("RGB")), clip)
    frames = _frames(data / "clips" / clip.file, clip)
    return [_cropped(frame, clip.focus, SCALE) for frame in frames]


def panned(picture: Rgb, clip: Clip) -> list[Rgb]:
    """Return views of a picture, each one pixel to the right of the last."""
    rows, columns = picture.shape[:2]
    width = min(columns - FRAMES, SCALE * CROP[0]) // (2 * SCALE) * 2 * SCALE
    height = min(rows, SCALE * CROP[1]) // (2 * SCALE) * 2 * SCALE
    left = round(clip.focus[0] * (columns - width - FRAMES))
    top = round(clip.focus[1] * (rows - height))
    return [
        picture[top : top + height, left + step : left + step + width] for step in range(FRAMES)
    ]


def _frames(path: Path, clip: Clip) -> Iterator[Rgb]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start_seconds = clip.start_seconds + float((stream.start_time or 0) * stream.time_base)
        later = (
            frame
            for frame in container.decode(stream)
            if frame.time is None or frame.time >= start_seconds
        )
        for frame in islice(later, FRAMES):
            yield rgb_of_frame(frame, halved=clip.halved)


def _cropped(frame: Rgb, focus: Sequence[float], scale: int) -> Rgb:
    rows, columns = frame.shape[:2]
    grid = 2 * scale
    height, width = (
        min(side, most * scale) // grid * grid for side, most in zip((rows, columns), CROP[::-1])
    )
    top, left = (
        min(max(round(share * side - crop / 2), 0), side - crop) // 2 * 2
        for share, side, crop in zip(focus[::-1], (rows, columns), (height, width))
    )
    return frame[top : top + height, left : left + width]


def _reduced(frame: Rgb) -> Rgb:
    rows, columns = frame.shape[:2]
    small = imresize(frame.astype(np.float64), rows // SCALE, columns // SCALE)
    codes: NDArray[np.uint8] = np.clip(np.round(small), 0, 255).astype(np.uint8)
    return codes
