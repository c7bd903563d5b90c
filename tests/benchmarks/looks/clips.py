"""The clips that looks are judged on, in two halves: one to choose by, one only to report.

A clip is native (a crop of what a decoder gives) or reduced: a crop of a larger film or picture is
the truth, and what is enlarged is a quarter of its size, or a half at ×2, coded. Nothing here is
trained on.
``long_180p_av1.mp4`` is black from end to end and shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

SCALE = 4
"""Unless another is asked for."""

FRAMES = 8
CROP = (160, 120)
"""Columns and rows of the source that are enlarged, at most."""

X264 = {"preset": "medium"}
Half = Literal["choose", "report"]
Purpose = Literal["looks", "pan", "pulse", "shade", "text", "face"]
KEY_FRAMES = 5
"""Frames from one key frame to the next where pulsing is looked for."""


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


def intra(value: int) -> Coding:
    """Return x264 of a quality that codes frame by frame."""
    return Coding(options=X264 | {"crf": str(value), "g": "1"})


def pulsed(value: int) -> Coding:
    """Return x264 of a quality with a key frame every `KEY_FRAMES`."""
    gop = {"g": str(KEY_FRAMES), "keyint_min": str(KEY_FRAMES), "sc_threshold": "0"}
    return Coding(options=X264 | {"crf": str(value)} | gop)


def mpeg4(q: int) -> Coding:
    """Return MPEG-4 part 2 of a constant quantiser."""
    return Coding(encoder="mpeg4", options={"qmin": str(q), "qmax": str(q)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a clip is made from.

    Attributes:
        file: in the folder of clips; or of pictures (``Set14/barbara.png``), to be panned; or a
            script or a shade to be drawn (``text/latin``, ``shade/dark``).
        what: its content, for the table.
        purpose: what is judged: everything, or a single thing.
        start_seconds: where it begins.
        focus: the middle of the crop, as shares of width and height.
        halved: it is reduced twice first, which also takes away the traces of its own coding.
        coding: None for a native clip.
        wear: what is done to the reduced frames before coding, a name of `wear.WEARS`.
        face_pixels: a face this high is what is enlarged; without truth. It is 0.5 of `window`.
        window: of a face clip, the square that is cut out: its side as a share of the height.
        frames: how many.
        crop: columns and rows of the source that are enlarged, at most.
        pan: pixels of the truth by which a picture moves from frame to frame.
        is_quick: whether a quick run includes it.
        is_clean: whether its source is nearly free of coding errors.
        scale: how many times its sides are enlarged.
    """

    file: str
    what: str
    half: Half
    purpose: Purpose = "looks"
    start_seconds: float = 0.0
    focus: tuple[float, float] = (0.5, 0.5)
    halved: bool = False
    coding: Coding | None = None
    wear: str = ""
    face_pixels: int = 0
    window: float = 1.0
    frames: int = FRAMES
    crop: tuple[int, int] = CROP
    pan: int = 1
    is_quick: bool = False
    is_clean: bool = False
    scale: int = SCALE

    @property
    def name(self) -> str:
        """Return a short name that no other clip has."""
        stem = Path(self.file).stem.partition(".")[0]
        first = {"park_joy_420_720p50_frm0to9_480x270": "park_joy"}.get(stem, stem)
        purpose = "" if self.purpose == "looks" else self.purpose
        size = f"{self.face_pixels} px" if self.face_pixels else ""
        parts = (first, purpose, size, self.wear, str(self.coding or "native"))
        return " ".join(filter(None, parts))

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture that is panned."""
        return self.file.endswith(".png")


_choosing = partial(Clip, half="choose")
_reporting = partial(Clip, half="report")

CHOOSE = (
    _choosing(file="flipping_a_pancake.mkv", what="cloth", start_seconds=4.0, is_quick=True),
    _choosing(file="bikes.mp4", what="street", start_seconds=8.0, is_quick=True),
    _choosing(
        file="carphone_pristine.mp4", what="face", start_seconds=1.0, is_quick=True, is_clean=True
    ),
    _choosing(file="demo.mp4", what="people", start_seconds=1.0),
    _choosing(
        file="bigbuckbunny.mp4", what="animation", start_seconds=2.4, focus=(0.35, 0.25),
        is_clean=True,
    ),
    _choosing(file="part_0.mp4", what="water"),
    _choosing(
        file="bigbuckbunny.mp4", what="animation", halved=True, coding=crf(28), is_quick=True,
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
    _choosing(
        file="Set14/pepper.png", what="still", purpose="pan", coding=intra(26), is_quick=True,
    ),
    _choosing(file="Set14/zebra.png", what="still", purpose="pan", coding=intra(20)),
    _choosing(
        file="Set14/foreman.png", what="still", purpose="pulse", coding=pulsed(26), wear="noise",
        frames=15, pan=0, is_quick=True,
    ),
    _choosing(file="shade/dark", what="dark", purpose="shade", coding=crf(23), is_quick=True),
    _choosing(file="shade/sky", what="sky", purpose="shade", coding=crf(28)),
    _choosing(file="text/latin", what="text", purpose="text", coding=crf(28), is_quick=True),
    _choosing(file="text/cyrillic", what="text", purpose="text", coding=crf(23)),
    _choosing(file="text/hebrew", what="text", purpose="text", coding=crf(33)),
    *(
        _choosing(
            file="carphone_pristine.mp4", what="face", purpose="face", start_seconds=1.0,
            face_pixels=pixels, window=0.7, focus=(0.45, 0.4), coding=crf(26),
        )
        for pixels in (16, 32)
    ),
)  # fmt: skip

REPORT = (
    _reporting(file="nasa_13013.mp4", what="workshop", start_seconds=4.0),
    _reporting(file="realshort.mp4", what="plant, room"),
    _reporting(file="vfr_640x480.webm", what="hand, shelf"),
    _reporting(file="hdr10-av1.mp4", what="roof, far houses", start_seconds=3.0, focus=(0.5, 0.4)),
    _reporting(file="bear-vp9-odd-dimensions.webm", what="bear"),
    _reporting(
        file="park_joy_420_720p50_frm0to9_480x270.y4m", what="foliage", focus=(0.7, 0.4),
        is_clean=True,
    ),
    _reporting(file="sample_rotate_and_reflect.mp4", what="face", halved=True, coding=crf(28)),
    _reporting(
        file="hdr10-av1.mp4", what="roof, sky", start_seconds=3.0, halved=True, coding=crf(23),
    ),
    _reporting(file="vfr_640x480.webm", what="hand, shelf", coding=crf(33)),
    _reporting(file="realshort.mp4", what="plant, room", coding=mpeg4(5)),
    _reporting(file="Set14/ppt3.png", what="letters", coding=crf(28)),
    _reporting(file="Set14/monarch.png", what="butterfly", coding=crf(33)),
    _reporting(file="BSD100/img_035.png", what="face, cloth", coding=crf(28)),
    _reporting(file="BSD100/img_009.png", what="fur", coding=crf(23)),
    _reporting(file="Set14/face.png", what="face, skin", coding=crf(23)),
    _reporting(file="Set14/coastguard.png", what="water, grain", coding=crf(18), wear="grain"),
    _reporting(file="vfr_640x480.webm", what="hand, tape", coding=mpeg4(4), wear="tape"),
    _reporting(file="Set14/baboon.png", what="still", purpose="pan", coding=intra(26)),
    _reporting(
        file="Set14/monarch.png", what="still", purpose="pulse", coding=pulsed(28), wear="noise",
        frames=15, pan=0,
    ),
    _reporting(file="shade/dark", what="dark", purpose="shade", coding=crf(28)),
    _reporting(file="shade/fade", what="fade", purpose="shade", coding=crf(23)),
    _reporting(file="text/latin", what="text", purpose="text", coding=crf(33)),
    _reporting(file="text/cyrillic", what="text", purpose="text", coding=crf(28)),
    _reporting(file="text/hebrew", what="text", purpose="text", coding=crf(23)),
    *(
        _reporting(
            file="sample_rotate_and_reflect.mp4", what="face", purpose="face",
            face_pixels=pixels, window=0.6, focus=(0.55, 0.42), coding=crf(26),
        )
        for pixels in (16, 32, 64)
    ),
)  # fmt: skip

CLIPS = (*CHOOSE, *REPORT)
