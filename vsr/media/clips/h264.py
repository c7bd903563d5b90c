"""Pictures as H.264 that browsers play: a page's loop, and the drawn scene with its sound."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from vsr.colour import Codes, Matrix, Range, yuv_from_rgb
from vsr.errors import EncodingFailed
from vsr.media.clips.scene import (
    AUDIO_RATE,
    RATE,
    SIZE,
    SUPERSAMPLING,
    Field,
    Picture,
    clip_frames,
    sound,
)
from vsr.media.encoding.repeatable import repeatable
from vsr.media.frames.planes import video_frame_of
from vsr.values import Size

PIX_FMT = "yuv420p"
ENCODER = "libx264"
OPTIONS = {"preset": "veryfast", "bf": "2"}
KEY_FRAMES = 12
"""Frames between key frames: somebody may step through it."""


def page_video(pictures: Iterable[Picture], size: Size, fps: Fraction, crf: int) -> bytes:
    """Return pictures as an MP4 with H.264, 4:2:0, BT.709.

    Args:
        pictures: (H, W, 3) R'G'B' of this size, with even sides.
        crf: x264's own quality.

    Raises:
        EncodingFailed: this build of FFmpeg has no x264, or it gave up.
    """
    file = io.BytesIO()
    try:
        with av.open(file, "w", format="mp4") as output:
            options = {**OPTIONS, "crf": str(crf), "g": str(KEY_FRAMES)}
            stream = _x264(output, size, fps, options)
            for picture in pictures:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                coded = frame.reformat(format=PIX_FMT, dst_colorspace=Colorspace.ITU709)
                output.mux(stream.encode(coded))
            output.mux(stream.encode(None))
    except (av.FFmpegError, ValueError) as error:
        raise EncodingFailed(
            f"{ENCODER}: no video for the page could be made ({error})."
        ) from error
    return file.getvalue()


def _x264(
    output: OutputContainer, size: Size, rate: Fraction, options: dict[str, str]
) -> VideoStream:
    """Add a stream of H.264 in limited-range BT.709."""
    stream = output.add_stream(ENCODER, rate=rate, options=repeatable(ENCODER, options))
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, PIX_FMT
    context = stream.codec_context
    context.colorspace, context.color_range = 1, 1
    context.color_primaries, context.color_trc = 1, 1
    return stream


def write_clip(
    path: Path, seconds: float = 2.0, size: Size = SIZE, supersampling: int = SUPERSAMPLING
) -> None:
    """Write the scene as H.264 (CRF 20, BT.709) with stereo AAC audio; frames as `clip_frames`."""
    with av.open(str(path), "w") as out:
        video = _x264(out, size, RATE, {"crf": "20", "preset": "veryfast"})
        audio = out.add_stream("aac", rate=AUDIO_RATE, layout="stereo")
        for index, picture in enumerate(clip_frames(seconds, size, supersampling)):
            frame = video_frame_of(_yuv420(picture), PIX_FMT)
            frame.pts, frame.time_base = index, 1 / RATE
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start, samples in sound(seconds):
            chunk = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            chunk.sample_rate, chunk.time_base = AUDIO_RATE, Fraction(1, AUDIO_RATE)
            chunk.pts = start
            out.mux(audio.encode(chunk))
        out.mux(audio.encode(None))


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
