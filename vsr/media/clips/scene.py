"""A procedural clip with audio, for demonstration and benchmarks: nothing to download.

The scene has what upscalers fail at: small text, fine lines in all directions (a Siemens star and a
zone plate), a moving fine texture, hard edges and smooth gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vsr.colour import Codes, Matrix, Range, yuv_from_rgb
from vsr.values import Size

SIZE = Size(480, 270)
SUPERSAMPLING = 4
RATE = Fraction(24)
AUDIO_RATE = 48_000
TEXT = (
    "Nothing is lost: every frame, every",
    "stream, every time stamp. 0123456789",
    "The quick brown fox jumps over the",
    "lazy dog: {}[]()/|\\ &%$#@ fi ffl",
)

Picture = NDArray[np.uint8]
Field = NDArray[np.floating]


def render(size: Size, seconds: float) -> Picture:
    """Render the scene at a moment, at any 16:9 size.

    Returns:
        (rows, columns, 3) uint8 RGB, BT.709 primaries and transfer.
    """
    y, x = np.mgrid[0 : size.height, 0 : size.width].astype(np.float32)
    x, y = (x + 0.5) / size.height, (y + 0.5) / size.height
    picture = _backdrop(x, y, seconds)
    _blend(picture, _disc(x, y, 0.38, 0.36, 0.26), _zone_plate(x - 0.38, y - 0.36, seconds))
    _blend(picture, _disc(x, y, 1.40, 0.36, 0.26), _star(x - 1.40, y - 0.36, seconds))
    image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
    _write_text(image, seconds)
    return np.asarray(image)


def clip_frames(
    seconds: float, size: Size = SIZE, supersampling: int = SUPERSAMPLING
) -> Iterator[Picture]:
    """Yield the clip's frames at ``size``, each reduced from a larger one (bicubic)."""
    for index in range(round(seconds * RATE)):
        large = Image.fromarray(render(size.scaled(supersampling), index / float(RATE)))
        yield np.asarray(large.resize((size.width, size.height), Image.Resampling.BICUBIC))


def write_clip(
    path: Path, seconds: float = 2.0, size: Size = SIZE, supersampling: int = SUPERSAMPLING
) -> None:
    """Write the scene as H.264 (CRF 20, BT.709) with stereo AAC audio.

    Args:
        supersampling: how many times larger each frame is drawn.
    """
    import av

    from vsr.media.frames.planes import video_frame_of

    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = size.width, size.height, "yuv420p"
        context = video.codec_context
        context.color_range, context.colorspace = 1, 1
        context.color_primaries, context.color_trc = 1, 1
        audio = out.add_stream("aac", rate=AUDIO_RATE, layout="stereo")
        for index, picture in enumerate(clip_frames(seconds, size, supersampling)):
            frame = video_frame_of(_yuv420(picture), "yuv420p")
            frame.pts, frame.time_base = index, 1 / RATE
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start, samples in _sound(seconds):
            chunk = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            chunk.sample_rate, chunk.pts = AUDIO_RATE, start
            chunk.time_base = Fraction(1, AUDIO_RATE)
            out.mux(audio.encode(chunk))
        out.mux(audio.encode(None))


def _backdrop(x: Field, y: Field, seconds: float) -> Field:
    """Return a gradient with a fine moving weave, (H, W, 3) in [0, 1]."""
    phase = 0.12 * seconds
    weave = np.sin(90 * (x + phase) + 6 * np.sin(7 * y)) * np.sin(110 * y + 5 * np.sin(6 * x))
    grain = 0.10 * weave * (0.5 + 0.5 * np.sin(3 * x - seconds))
    red = 0.30 + 0.25 * y + grain
    green = 0.34 + 0.18 * np.cos(2 * x) * y + grain
    blue = 0.52 - 0.22 * y + 0.6 * grain
    picture: Field = np.clip(np.stack([red, green, blue], axis=-1), 0, 1).astype(np.float32)
    return picture


def _disc(x: Field, y: Field, cx: float, cy: float, radius: float) -> Field:
    """Return coverage in [0, 1] of a disc with a soft rim of two thousandths."""
    distance = np.hypot(x - cx, y - cy)
    coverage: Field = np.clip((radius - distance) / 0.002 + 0.5, 0, 1)
    return coverage


def _zone_plate(x: Field, y: Field, seconds: float) -> Field:
    """Return rings whose frequency grows outwards, up to a third of a cycle per small pixel."""
    rings: Field = 0.5 + 0.5 * np.cos(1100 * (x * x + y * y) - 4 * seconds)
    return np.repeat(rings[..., None], 3, axis=-1).astype(np.float32)


def _star(x: Field, y: Field, seconds: float) -> Field:
    """Return a turning Siemens star of 24 spokes."""
    turn = 24 * (np.arctan2(y, x) + 0.2 * seconds)
    spokes = np.clip(0.5 + 8 * np.sin(turn) * np.hypot(x, y), 0.05, 0.95)
    tint = np.array([1.0, 0.92, 0.75], np.float32)
    return (spokes[..., None] * tint).astype(np.float32)


def _blend(picture: Field, coverage: Field, other: Field) -> None:
    picture += coverage[..., None] * (other - picture)


@lru_cache(maxsize=4)
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=pixels)


def _write_text(image: Image.Image, seconds: float) -> None:
    """Draw the text, drifting slowly, in sizes from 1/22 of the height down."""
    draw, height = ImageDraw.Draw(image), image.height
    top = 0.67 * height
    for line, divisor in zip(TEXT, (17, 20, 23, 26), strict=True):
        left = height * (0.12 + 0.02 * seconds)
        draw.text((left, top), line, fill=(245, 240, 225), font=_font(height // divisor))
        top += height / divisor * 1.25


def _yuv420(picture: Picture) -> tuple[Picture, Picture, Picture]:
    """Convert to limited-range BT.709 4:2:0 with left-sited chroma."""
    codes = Codes.of(8, Range.LIMITED)
    yuv = (picture.astype(np.float32) / 255) @ np.array(yuv_from_rgb(Matrix.BT709), np.float32).T
    luma = codes.luma_offset + codes.luma_scale * yuv[..., 0]
    across = _smooth(yuv[..., 1:])
    chroma = codes.chroma_offset + codes.chroma_scale * (across[0::2] + across[1::2]) / 2
    return _quantised(luma), _quantised(chroma[..., 0]), _quantised(chroma[..., 1])


def _smooth(chroma: Field) -> Field:
    """Weigh [1 2 1] / 4 around every second column; the edge is repeated."""
    padded = np.pad(chroma, ((0, 0), (1, 1), (0, 0)), mode="edge")
    middle = padded[:, 1:-1:2]
    columns = middle.shape[1]
    return (padded[:, 0::2][:, :columns] + 2 * middle + padded[:, 2::2][:, :columns]) / 4


def _quantised(values: Field) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _sound(seconds: float) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield (first sample, (2, 1024) samples): a soft chord with a tick each second."""
    total = round(seconds * AUDIO_RATE)
    for start in range(0, total, 1024):
        t = np.arange(start, min(start + 1024, total), dtype=np.float64) / AUDIO_RATE
        chord = sum(np.sin(2 * np.pi * pitch * t) for pitch in (220.0, 277.18, 329.63)) / 12
        tick = 0.4 * np.sin(2 * np.pi * 1000 * t) * (t % 1 < 0.02)
        left, right = chord + tick, np.roll(chord, 7) + tick
        yield start, np.ascontiguousarray(np.stack([left, right]), dtype=np.float32)
