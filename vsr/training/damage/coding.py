"""8-bit R'G'B' frames → 4:2:0 → a codec, or a JPEG → 8-bit R'G'B' frames."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import YuvFormat, planes_of, rgb_of
from vsr.frames import HostFrame, Layout
from vsr.kernels import Array
from vsr.media.clips.roundtrip import Roundtrip
from vsr.training.pictures import Pixels

SD_VIDEO = YuvFormat(
    Layout(), Colour(matrix=Matrix.SMPTE170M, range=Range.LIMITED, siting=Siting.LEFT)
)
"""What small 8-bit video is: 4:2:0, BT.601, limited range."""

PRESETS = ("veryfast", "faster", "fast", "medium")
"""Of x264."""

QUIET = "log-level=none:pools=none:frame-threads=1"
"""Of x265."""


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
