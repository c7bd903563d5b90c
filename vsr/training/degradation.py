"""High resolution → what is left of it after a camera and a codec: the ``video`` degradations.

A patch is taken as a short clip (`camera`), gets noise and sometimes a JPEG's damage, and goes
through a real codec. One patch in three stays clean, so that a network learns to leave alone what
is good. Everything is drawn from the patch's number: the same patch gives the same answer in any
order, and the strengths differ in how far, not in what is done.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import YuvFormat, planes_of, rgb_of
from vsr.frames import HostFrame, Layout
from vsr.media.roundtrip import Roundtrip
from vsr.training.camera import Camera, margin
from vsr.training.pictures import Pixels

Span = tuple[float, float]

CLEAN_SHARE = 1 / 3
"""Of the patches, which stay as the standard protocol makes them."""

NOISE_SHARE = 0.6
JPEG_SHARE = 0.15
KEY_SHARE = 0.25
"""Of the clips, in which the next frame is coded by itself: the picture then jumps a little."""

SD_VIDEO = YuvFormat(
    Layout(), Colour(matrix=Matrix.SMPTE170M, range=Range.LIMITED, siting=Siting.LEFT)
)
"""What small 8-bit video is: 4:2:0, BT.601, limited range."""

PRESETS = ("veryfast", "faster", "fast", "medium")
QUIET = "log-level=none:pools=none:frame-threads=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """How much is lost. Spans are (least, most).

    Attributes:
        crf: of x264 and x265.
        qscale: of MPEG-4 part 2.
        noise: deviation of a sensor's noise, 8-bit codes.
        jpeg: quality of a JPEG before the codec, best first.
    """

    crf: Span
    qscale: Span
    noise: Span
    jpeg: Span


STRENGTHS: Mapping[str, Strength] = {
    "video-light": Strength(crf=(17, 25), qscale=(2, 4), noise=(0, 3), jpeg=(95, 80)),
    "video-medium": Strength(crf=(22, 31), qscale=(3, 8), noise=(0, 5), jpeg=(95, 70)),
    "video-strong": Strength(crf=(27, 39), qscale=(6, 16), noise=(0, 8), jpeg=(90, 60)),
}
"""Every degradation that is a video's, by name."""


@dataclass(frozen=True, slots=True)
class Degraded:
    """A patch as it was received, and as it was in the next frame.

    ``low`` and ``after`` are (p, p, 3), uint8; ``move`` is (down, right): by so many pixels of the
    picture the window of ``after`` lies further than that of ``low``.
    """

    low: Pixels
    after: Pixels
    move: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shot:
    """One patch as a clip, before anything is lost.

    Attributes:
        number: of the patch; all chance comes from it.
        clip: (FRAMES, n, n, 3), 8-bit codes, unrounded; the patch with its `margin` around.
        side: of the patch in low resolution.
    """

    number: int
    camera: Camera
    clip: NDArray[np.float32]
    side: int
    is_clean: bool

    @classmethod
    def of(
        cls, picture: Pixels, corner: tuple[int, int], patch: int, scale: int, number: int
    ) -> Shot:
        """Take the clip of a patch of a picture (H, W, 3), uint8, cut at ``corner`` (y, x)."""
        rng = np.random.default_rng((number, 0))
        is_clean = rng.random() < CLEAN_SHARE
        camera = Camera.drawn(rng)
        if is_clean:
            camera = replace(camera, kernel="bicubic", softness=0.0, zoom=0.0)
        clip = camera.clip(picture, corner, patch, scale)
        return cls(number, camera, clip, patch // scale, is_clean)

    def degraded(self, strength: Strength) -> Degraded:
        """Return the patch and its successor as they come out of a codec."""
        pair = slice(self.camera.shown, self.camera.shown + 2)
        if self.is_clean:
            frames = list(_codes(self.clip[pair]))
        else:
            frames = [_rgb(frame) for frame in self._compressed(strength)[pair]]
        edge = margin(self.side)
        inner = slice(edge, edge + self.side)
        low, after = (np.array(frame[inner, inner]) for frame in frames)
        return Degraded(low, after, self.camera.velocity)

    def _compressed(self, strength: Strength) -> list[HostFrame]:
        """Lose what noise, JPEG and a codec lose."""
        rng = np.random.default_rng((self.number, 1))
        has_noise, has_jpeg, has_key = rng.random(3) < (NOISE_SHARE, JPEG_SHARE, KEY_SHARE)
        noise = _at(strength.noise, rng.random() ** 2)  # most sensors are good
        quality = round(_at(strength.jpeg, rng.random()))
        codec = _drawn_codec(rng, strength)
        clip = self.clip
        if has_noise:
            clip = clip + noise * rng.standard_normal(clip.shape, dtype=np.float32)
        frames = _codes(clip)
        if has_jpeg:
            frames = np.stack([_through_jpeg(frame, quality) for frame in frames])
        return codec.of(
            [_host(frame) for frame in frames], key=self.camera.shown + 1 if has_key else 0
        )


def _drawn_codec(rng: np.random.Generator, strength: Strength) -> Roundtrip:
    kind, amount = rng.random(2)
    preset = PRESETS[int(rng.integers(len(PRESETS)))]
    crf = f"{_at(strength.crf, amount):.1f}"
    if kind < 0.65:
        return Roundtrip(encoder="libx264", decoder="h264", options={"preset": preset, "crf": crf})
    if kind < 0.85:
        options = {"preset": "superfast", "crf": crf, "x265-params": QUIET}
        return Roundtrip(encoder="libx265", decoder="hevc", options=options)
    scale = str(round(_at(strength.qscale, amount)))
    options = {"qmin": scale, "qmax": scale, "bf": str(rng.integers(0, 3))}
    return Roundtrip(encoder="mpeg4", decoder="mpeg4", options=options)


def _at(span: Span, share: float) -> float:
    return span[0] + (span[1] - span[0]) * share


def _codes(clip: NDArray[np.float32]) -> Pixels:
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)


def _through_jpeg(frame: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _host(frame: Pixels) -> HostFrame:
    rgb = torch.from_numpy(frame).permute(2, 0, 1)[None].float().div(255)
    planes = tuple(plane.numpy() for plane in planes_of(rgb, SD_VIDEO))
    return HostFrame(planes=planes, pts=0, layout=SD_VIDEO.layout, colour=SD_VIDEO.colour)


def _rgb(frame: HostFrame) -> Pixels:
    rgb = rgb_of([torch.from_numpy(plane) for plane in frame.planes], SD_VIDEO)[0]
    return rgb.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
