"""What happens to a film on its way to a viewer: a codec alone, or the ``video-clear`` damage.

A clip may be blurred, deinterlaced, noisy, scaled down and up (as a DVD is), sharpened until it
rings, smeared in chroma (as tape is), saved as JPEGs, and coded once or twice by codecs old and
new. Each happens with its share and to a drawn degree; most clips meet two or three of them.
Frames are 8-bit R'G'B' before and after, 4:2:0 for a codec.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import YuvFormat, planes_of, rgb_of
from vsr.frames import HostFrame, Layout
from vsr.kernels import BOX, CATMULL_ROM, TRIANGLE, Array, Kernel
from vsr.media.clips.roundtrip import Roundtrip
from vsr.training.damage.camera import FRAMES, gaussian, low_pass, one_field, resampled
from vsr.training.pictures import Pixels

SD_VIDEO = YuvFormat(
    Layout(), Colour(matrix=Matrix.SMPTE170M, range=Range.LIMITED, siting=Siting.LEFT)
)
"""What small 8-bit video is: 4:2:0, BT.601, limited range."""

PRESETS = ("veryfast", "faster", "fast", "medium")
"""Presets of x264."""

QUIET = "log-level=none:pools=none:frame-threads=1"
"""Parameters of x265: one thread, and no log."""


def codes(clip: NDArray[np.float32]) -> Pixels:
    """Return a clip, unrounded, as 8-bit codes."""
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)


def through_codec(
    frames: Sequence[Pixels], codec: Roundtrip, key: int, smear: Array | None = None
) -> list[Pixels]:
    """Return frames (n, n, 3), n even, as they come out of a codec.

    Args:
        key: the frame that is intra-coded besides the first.
        smear: a matrix (n / 2, n / 2) that filters the lines of chroma before they are coded.
    """
    coded = [_host(frame) for frame in frames]
    if smear is not None:
        coded = [_smeared(frame, smear) for frame in coded]
    return [_rgb(frame) for frame in codec.of(coded, key=key)]


def through_jpeg(frame: Pixels, quality: int) -> Pixels:
    """Return a frame as it comes out of a JPEG."""
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def x264(crf: float, preset: str) -> Roundtrip:
    """Return x264 and its decoder."""
    options = {"preset": preset, "crf": f"{crf:.1f}"}
    return Roundtrip(encoder="libx264", decoder="h264", options=options)


def x265(crf: float) -> Roundtrip:
    """Return x265 and its decoder."""
    options = {"preset": "superfast", "crf": f"{crf:.1f}", "x265-params": QUIET}
    return Roundtrip(encoder="libx265", decoder="hevc", options=options)


def mpeg(name: str, qscale: int, b_frames: int) -> Roundtrip:
    """Return one of FFmpeg's codecs before H.264, at a constant quantiser."""
    options = {"qmin": str(qscale), "qmax": str(qscale), "bf": str(b_frames)}
    return Roundtrip(encoder=name, decoder=name, options=options)


def _smeared(frame: HostFrame, smear: Array) -> HostFrame:
    luma, *chroma = frame.planes
    lines = (np.clip(np.rint(plane @ smear.T), 0, 255).astype(np.uint8) for plane in chroma)
    return replace(frame, planes=(luma, *lines))


def _host(frame: Pixels) -> HostFrame:
    rgb = torch.from_numpy(frame).permute(2, 0, 1)[None].float().div(255)
    planes = tuple(plane.numpy() for plane in planes_of(rgb, SD_VIDEO))
    return HostFrame(planes=planes, pts=0, layout=SD_VIDEO.layout, colour=SD_VIDEO.colour)


def _rgb(frame: HostFrame) -> Pixels:
    rgb = rgb_of([torch.from_numpy(plane) for plane in frame.planes], SD_VIDEO)[0]
    return rgb.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()


Bounds = tuple[float, float]
Clip = NDArray[np.float32]
"""(FRAMES, n, n, 3), 8-bit codes, unrounded."""

OLD_CODECS = ("mpeg2video", "mpeg4", "msmpeg4", "flv")
KEY_SHARE = 0.25
GRAY_NOISE_SHARE = 0.5
CLUMPED_SHARE = 0.4
"""The share of noisy clips whose noise is soft: film grain, or a sensor before a codec."""

CLUMPS = (0.4, 0.9)
"""The range of the Gaussian's deviation that softens such noise, in samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """How often and how far. Shares are of clips, spans are (least, most), lengths are samples.

    Attributes:
        clean_share: of clips to which nothing at all happens.
        blur: deviation of a Gaussian; the two directions are drawn apart.
        noise: deviation, 8-bit codes; small ones are likelier.
        scaling: what is left of a side before it is scaled up again.
        wide_share: of scaled clips, which lose columns only, as anamorphic ones do.
        sharpening: amount of an unsharp mask.
        cut: the share of the spectrum that a ringing low-pass filter leaves.
        smear: deviation of a blur along the lines of chroma, in its samples.
        jpeg: quality, best first.
        crf: of x264 and x265.
        qscale: of the older codecs.
        old_share: of codings by an older codec; ``hevc_share`` by x265, the rest by x264.
        twice_share: of clips coded a second time.
    """

    clean_share: float = 0.2
    blur_share: float = 0.35
    blur: Bounds = (0.2, 1.2)
    deinterlaced_share: float = 0.08
    noise_share: float = 0.5
    noise: Bounds = (0.5, 10)
    scaling_share: float = 0.25
    scaling: Bounds = (0.5, 0.95)
    wide_share: float = 0.4
    sharpening_share: float = 0.15
    sharpening: Bounds = (0.3, 2.0)
    cut_share: float = 0.1
    cut: Bounds = (0.55, 0.95)
    smear_share: float = 0.12
    smear: Bounds = (0.5, 2.5)
    jpeg_share: float = 0.08
    jpeg: Bounds = (95, 60)
    crf: Bounds = (15, 34)
    qscale: Bounds = (2, 11)
    old_share: float = 0.25
    hevc_share: float = 0.15
    twice_share: float = 0.2

    def worn(self, clip: Clip, number: int, shown: int) -> list[Pixels]:
        """Return the frames (n, n, 3), uint8, that a viewer gets of a clip.

        Args:
            number: of the patch; all chance comes from it.
            shown: the frame that training will show; the one after it may be a key frame.
        """
        rng = np.random.default_rng((number, 2))
        frames = list(codes(self._scaled(self._taken(clip, rng), rng)))
        if rng.random() < self.jpeg_share:
            quality = round(within(self.jpeg, rng.random()))
            frames = [through_jpeg(frame, quality) for frame in frames]
        smear = None
        if rng.random() < self.smear_share:
            smear = gaussian(clip.shape[2] // 2, within(self.smear, rng.random()))
        for _ in range(2 if rng.random() < self.twice_share else 1):
            key = shown + 1 if rng.random() < KEY_SHARE else 0
            frames = through_codec(frames, self._codec(rng), key, smear)
            smear = None
        return frames

    def _taken(self, clip: Clip, rng: np.random.Generator) -> Clip:
        """Lose what lens, fields and sensor lose."""
        side = clip.shape[1]
        if rng.random() < self.blur_share:
            down, right = (gaussian(side, within(self.blur, u)) for u in rng.random(2) ** 2)
            clip = filtered(clip, down, right)
        if rng.random() < self.deinterlaced_share:
            is_alternating = rng.random() < 0.5
            clip = deinterlaced(clip, [frame % 2 * is_alternating for frame in range(FRAMES)])
        if rng.random() < self.noise_share:
            clip = clip + within(self.noise, rng.random() ** 2) * _noise(clip, rng)
        return clip

    def _scaled(self, clip: Clip, rng: np.random.Generator) -> Clip:
        """Scale down and up, sharpen, cut off high frequencies: what processing does."""
        side = clip.shape[1]
        if rng.random() < self.scaling_share:
            matrix = _drawn_scaling(side, round(side * within(self.scaling, rng.random())), rng)
            is_wide = rng.random() < self.wide_share
            clip = filtered(clip, np.eye(side) if is_wide else matrix, matrix)
        if rng.random() < self.sharpening_share:
            soft = gaussian(side, rng.uniform(0.6, 1.5))
            amount = within(self.sharpening, rng.random())
            clip = clip + amount * (clip - filtered(clip, soft, soft))
        if rng.random() < self.cut_share:
            matrix = low_pass(side, within(self.cut, rng.random()))
            clip = filtered(clip, matrix, matrix)
        return clip

    def _codec(self, rng: np.random.Generator) -> Roundtrip:
        kind, amount = rng.random(2)
        crf = within(self.crf, amount)
        if kind < self.old_share:
            name = OLD_CODECS[int(rng.integers(len(OLD_CODECS)))]
            has_b_frames = name in ("mpeg2video", "mpeg4")
            b_frames = int(rng.integers(0, 3)) if has_b_frames else 0
            return mpeg(name, round(within(self.qscale, amount)), b_frames)
        if kind < self.old_share + self.hevc_share:
            return x265(crf)
        return x264(crf, PRESETS[int(rng.integers(len(PRESETS)))])


def within(span: Bounds, share: float) -> float:
    """Return the value at a share of the way from the least to the most."""
    return span[0] + (span[1] - span[0]) * share


def filtered(clip: Clip, down: Array, right: Array) -> Clip:
    """Apply one matrix to the columns of every frame and one to the rows."""
    tall = np.einsum("ij,fjwc->fiwc", down.astype(np.float32), clip, optimize=True)
    filtered: Clip = np.einsum("kw,fiwc->fikc", right.astype(np.float32), tall, optimize=True)
    return filtered


def deinterlaced(clip: Clip, shown: Sequence[int]) -> Clip:
    """Keep one field of each frame, 0 or 1, and interpolate the other."""
    fields = [one_field(clip.shape[1], parity).astype(np.float32) for parity in (0, 1)]
    down = np.stack([fields[parity] for parity in shown])
    fields_only: Clip = np.einsum("fij,fjwc->fiwc", down, clip, optimize=True)
    return fields_only


def _noise(clip: Clip, rng: np.random.Generator) -> Clip:
    """Return noise of deviation 1, gray or coloured, fine or in clumps."""
    channels = 1 if rng.random() < GRAY_NOISE_SHARE else clip.shape[3]
    noise = rng.standard_normal((*clip.shape[:3], channels), dtype=np.float32)
    if rng.random() < CLUMPED_SHARE:
        soft = gaussian(clip.shape[1], rng.uniform(*CLUMPS))
        noise = filtered(noise, soft, soft)
        noise /= noise.std()
    return noise


def _drawn_scaling(side: int, fewer: int, rng: np.random.Generator) -> Array:
    downs: tuple[Kernel, ...] = (CATMULL_ROM, BOX, TRIANGLE)
    ups: tuple[Kernel, ...] = (CATMULL_ROM, TRIANGLE)
    down, up = downs[int(rng.integers(len(downs)))], ups[int(rng.integers(len(ups)))]
    return resampled(side, fewer, down, up)
