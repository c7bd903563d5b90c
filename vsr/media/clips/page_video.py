"""A short silent video that every browser plays, in memory."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vsr.errors import EncodingFailed
from vsr.values import Size

ENCODER = "libx264"
OPTIONS = {"preset": "veryfast", "bf": "2"}
KEY_FRAMES = 12
"""Frames between key frames: somebody may step through it."""


def page_video(pictures: Iterable[NDArray[np.uint8]], size: Size, fps: Fraction, crf: int) -> bytes:
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
            stream: Any = output.add_stream(
                ENCODER, rate=fps, options={**OPTIONS, "crf": str(crf), "g": str(KEY_FRAMES)}
            )
            assert isinstance(stream, VideoStream)
            context = stream.codec_context
            context.width, context.height = size.width, size.height
            context.pix_fmt = "yuv420p"
            context.colorspace, context.color_range = 1, 1
            context.color_primaries, context.color_trc = 1, 1
            for picture in pictures:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                output.mux(
                    stream.encode(
                        frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
                    )
                )
            output.mux(stream.encode(None))
    except (av.FFmpegError, ValueError) as error:
        raise EncodingFailed(
            f"{ENCODER}: no video for the page could be made ({error})."
        ) from error
    return file.getvalue()
